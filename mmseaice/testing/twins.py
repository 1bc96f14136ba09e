"""Tiny twins of recipes: the same parts at a thousandth of the size.

A twin of a recipe runs on one CPU core in a second, so a test can train
every recipe there is. Only sizes change: widths, depths, crops, batches,
steps. Parts that are unknown here stay as they are.
"""

from __future__ import annotations

import copy

from mmengine.config import Config, ConfigDict

from ..utils.schedules import stretch_schedulers

#: Channels of all heads, and of the tokens of a ViT.
_CHANNELS, _TOKENS = 16, 32


def shrink_recipe(
    cfg: Config,
    *,
    steps: int = 12,
    size: int = 64,
    batch_size: int = 4,
    steps_per_epoch: int = 2,
    lr: float = 0.02,
) -> Config:
    """Make the tiny twin of a recipe.

    It trains in the calling process, validates at the last step if the
    recipe does, saves then, and draws nothing. Stores and split lists are
    those of the recipe.

    Args:
        cfg: The recipe, which stays as it is.
        steps: Training steps.
        size: Height and width of a crop, a multiple of 32 and of the patch.
        batch_size: Crops of a training step.
        steps_per_epoch: Steps that a recipe by epochs takes for each.
        lr: Learning rate, as high as few steps need it.
    """
    cfg = copy.deepcopy(cfg)
    shrink_model(cfg.model, size)
    loaders = [cfg[key] for key in cfg if key.endswith('_dataloader')]
    for loader in filter(None, loaders):
        loader.update(num_workers=0, persistent_workers=False)
        for step in loader.dataset.pipeline:
            if step['type'] == 'CropScene':
                step['size'] = size
    cfg.train_dataloader.batch_size = batch_size

    by_epoch = 'max_epochs' in cfg.train_cfg
    kind = 'max_epochs' if by_epoch else 'max_iters'
    length = max(steps // steps_per_epoch, 1) if by_epoch else steps
    stretch_schedulers(cfg.param_scheduler, length / cfg.train_cfg[kind])
    cfg.train_cfg.update({kind: length, 'val_interval': length})
    optimizer = cfg.optim_wrapper.optimizer
    optimizer.lr = lr

    hooks = cfg.default_hooks
    hooks.logger.interval = 1
    hooks.checkpoint.interval = length
    hooks.pop('figures', None)
    # TensorBoard takes seconds to import.
    cfg.visualizer.vis_backends = [ConfigDict(type='LocalVisBackend')]
    return cfg


def shrink_model(model: ConfigDict, size: int = 64) -> ConfigDict:
    """Make the config of a model small, in place.

    Args:
        model: Config of an autoencoder, segmentor or classifier.
        size: Height and width of its images.

    Returns:
        The same config.
    """
    widths = _shrink_encoder(model.backbone, size)
    if widths is None:
        return model
    neck = model.get('neck')
    for part in neck if isinstance(neck, list) else filter(None, [neck]):
        widths = _shrink_neck(part, widths, model.backbone, size)
    for head in model.get('heads', {}).values():
        if head is not None:
            _shrink_head(head, widths)
    if 'head' in model and _name(model.head) == 'LinearClsHead':
        model.head.in_channels = widths[-1]
    if (model.get('test_cfg') or {}).get('mode') == 'slide':
        model.test_cfg.update(
            crop_size=(size, size), stride=(size // 2, size // 2)
        )
    return model


def _name(part: ConfigDict) -> str:
    """Type of a part, without its scope."""
    return part.type.rpartition('.')[2]


def _shrink_encoder(backbone: ConfigDict, size: int) -> list[int] | None:
    """Shrink an encoder and return the widths of its maps, if known."""
    kind = _name(backbone)
    if kind in ('VisionTransformer', 'MAEViT', 'MaskedViT'):
        taps = len(backbone.get('out_indices', [0]))
        backbone.update(
            arch=dict(
                embed_dims=_TOKENS,
                num_layers=max(taps, 2),
                num_heads=2,
                feedforward_channels=2 * _TOKENS,
            ),
            img_size=size,
            init_cfg=None,
        )
        if taps > 1:
            backbone.out_indices = list(range(taps))
        return [_TOKENS] * taps
    if kind == 'TIMMFeatures':
        # A plain transformer.
        backbone.update(embed_dim=_TOKENS, depth=4, num_heads=2, init_cfg=None)
        return [_TOKENS] * 4
    if kind == 'UNet':
        finest = backbone.widths[0]
        backbone.widths = [8 * width // finest for width in backbone.widths]
        return list(backbone.widths)
    if kind.startswith('ResNet'):
        backbone.update(stem_channels=8, base_channels=4)
        expansion = 4 if backbone.depth >= 50 else 1
        return [4 * expansion * 2**stage for stage in range(4)]
    if kind == 'ConvNeXt':
        widths = [8, 16, 32, 64]
        backbone.arch = dict(depths=[1] * 4, channels=widths)
        return widths
    if kind == 'SwinTransformer':
        # Every second block shifts its windows.
        backbone.update(
            embed_dims=8, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8)
        )
        return [8, 16, 32, 64]
    if kind == 'MixVisionTransformer':
        backbone.update(embed_dims=8, num_layers=[1] * 4)
        return [8 * heads for heads in backbone.num_heads]
    return None


def _shrink_neck(
    neck: ConfigDict, widths: list[int], backbone: ConfigDict, size: int
) -> list[int]:
    """Shrink a neck and return the widths of its maps."""
    kind = _name(neck)
    _shrink_norm(neck)
    if kind == 'Feature2Pyramid':
        neck.embed_dim = widths[0]
        return [widths[0]] * len(neck.rescales)
    if kind == 'UPerNeck':
        neck.update(in_channels=widths, channels=_CHANNELS)
        return [_CHANNELS]
    if kind == 'MAEPretrainDecoder':
        neck.update(
            num_patches=(size // backbone.patch_size) ** 2,
            embed_dim=_TOKENS,
            decoder_embed_dim=_TOKENS,
            decoder_depth=1,
            decoder_num_heads=2,
        )
    return widths


def _shrink_head(head: ConfigDict, widths: list[int]) -> None:
    """Shrink a decode head, whose maps have these widths."""
    index = head.get('in_index', -1)
    if isinstance(index, int):
        head.in_channels = widths[index]
    else:
        head.in_channels = [widths[i] for i in index]
    if 'c1_in_channels' in head:
        head.update(c1_in_channels=widths[0], c1_channels=8)
    plain = head.get('num_convs') == 0
    head.channels = head.in_channels if plain else _CHANNELS
    _shrink_norm(head)


def _shrink_norm(part: ConfigDict) -> None:
    """Leave two channels or more to each group."""
    norm = part.get('norm_cfg') or {}
    if 'num_groups' in norm:
        norm['num_groups'] = 4
