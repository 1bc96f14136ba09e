"""Encoders of timm: DINOv2 and 3, CLIP, SAM, ConvNeXt, Swin and the rest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import timm
import torch
from torch import nn

from ...registry import MODELS
from .foreign import ForeignEncoder, Weights, checked_indices, spread_indices

#: Arguments by which models of timm take images of any size, as far as they
#: can; others refuse the name.
_ANY_SIZE: tuple[dict[str, bool], ...] = (
    {'dynamic_img_size': True},
    {'strict_img_size': False},
    {},
)


@MODELS.register_module()
class TIMMFeatures(ForeignEncoder):
    """Feature maps of a model of timm, for images of any channels.

    What upstream's ``mmpretrain.TIMMBackbone`` does not: layers of plain
    transformers by number, images of any size, a choice for the first layer,
    and weights that are checked for having arrived. A plain transformer gives
    four maps of one size for ``mmseg.Feature2Pyramid``, others give their
    last four stages, each half as large as the one before.

    Published weights are files of the hub,
    ``init_cfg=dict(type='Pretrained', checkpoint=
    'hf://timm/vit_small_patch14_dinov2.lvd142m/model.safetensors')``.

    Args:
        name: Name in timm, without what stands for its weights.
        in_channels: C of the images.
        img_size: Height and width that the model is made for; None for those
            it was published with. Most take other sizes all the same; the
            encoder of SAM needs this.
        out_indices: Numbers of the layers or stages whose output is given,
            from 0. Four by default.
        stem: How weights for other channels are taken over, ``average``,
            ``repeat`` or ``random``.
        init_cfg: Where the weights are; random ones without.
        **kwargs: Further arguments of the model in timm, such as
            ``drop_path_rate``.

    Raises:
        ValueError: If timm has no such model.
    """

    def __init__(
        self,
        name: str,
        in_channels: int = 3,
        img_size: int | None = None,
        out_indices: Sequence[int] | None = None,
        stem: str = 'average',
        init_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        if img_size is not None:
            kwargs['img_size'] = img_size
        model = _create(name, in_chans=in_channels, num_classes=0, **kwargs)
        layers = model.feature_info
        # Tables of layers are lists, or objects that hold one.
        layers = getattr(layers, 'info', layers)
        first = model.pretrained_cfg.get('first_conv')
        super().__init__(model, first, stem, init_cfg)
        depth = len(layers)
        sizes = {layer['reduction'] for layer in layers}
        plain = len(sizes) == 1
        default = (
            spread_indices(depth) if plain else range(max(depth - 4, 0), depth)
        )
        self.out_indices = checked_indices(out_indices, depth, default)
        # SAM's neck, which timm takes for its norm, makes other channels.
        self._norm = not hasattr(model, 'neck')
        # What gives none of the maps would have no gradients.
        model.prune_intermediate_layers(
            self.out_indices, prune_norm=not self._norm, prune_head=True
        )
        self._patch = layers[0]['reduction'] if plain else 1
        self.out_channels = [layers[i]['num_chs'] for i in self.out_indices]
        self.strides = [layers[i]['reduction'] for i in self.out_indices]

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Feature maps, (N, C', H / stride, W / stride), in their order.

        Args:
            images: (N, C, H, W), of a size that the patches divide.

        Raises:
            ValueError: If they do not.
        """
        if any(length % self._patch for length in images.shape[-2:]):
            raise ValueError(
                f'Images must be multiples of {self._patch} pixels, the '
                f'patches of this encoder, but got '
                f'{tuple(images.shape[-2:])}. Set size_divisor of the '
                'data_preprocessor, and crops and windows accordingly.'
            )
        indices = sorted(set(self.out_indices))
        maps = self.body.forward_intermediates(
            images,
            indices=indices,
            norm=self._norm,
            output_fmt='NCHW',
            intermediates_only=True,
        )
        by_index = dict(zip(indices, maps, strict=True))
        return tuple(by_index[index] for index in self.out_indices)

    def resized(self, weights: Weights) -> Weights:
        """Position embeddings and patches, resized as timm itself does."""
        module = sys.modules[type(self.body).__module__]
        change = getattr(module, 'checkpoint_filter_fn', None)
        return weights if change is None else dict(change(weights, self.body))


def _create(name: str, **kwargs: Any) -> nn.Module:
    """Make a model of timm with random weights, for any size if it can."""
    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), 3, 0.5)
        raise ValueError(
            f'name must be that of a model of timm {timm.__version__}, but '
            f'got {name!r}. Near it: {", ".join(near) or "nothing"}.'
        )
    for sizes in _ANY_SIZE:
        try:
            return timm.create_model(name, pretrained=False, **sizes, **kwargs)
        except TypeError as error:
            refused = 'unexpected keyword argument'
            if refused not in str(error) or not sizes:
                raise
    raise AssertionError('the last way takes no argument that is refused')
