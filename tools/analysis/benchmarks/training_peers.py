"""What a user would train instead, for ``training.py`` to time.

Sizes are those of our own models: stock models of mmpretrain and mmseg from
their own parts, a masked autoencoder written down from the paper with timm's
blocks, TerraTorch's trainer where it is installed. The last function is no
peer, but our segmentor with fewer parts.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from timm.layers import build_sincos2d_pos_embed
from timm.models.vision_transformer import Block
from torch import nn

from mmseaice.charts import IGNORE, get_task


class PlainMAE(nn.Module):
    """A masked autoencoder as He et al. (2022, arXiv:2111.06377) have it.

    The target is normalised by patch. Unlike upstream's, position tables are
    buffers and no parameters; all else is counted alike.

    Args:
        like: A ``SeaIceMAE`` whose sizes are taken.
    """

    def __init__(self, like: nn.Module) -> None:
        super().__init__()
        assert like.head.norm_pix
        self.patch = like.head.patch_size
        self.encoder = PlainEncoder(like.backbone)
        self.decoder = PlainDecoder(like.neck)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Mean squared error over hidden patches, of (N, C, H, W)."""
        tokens, hidden, place = self.encoder(images)
        pred = self.decoder(tokens, place)
        target = self.patchify(images)
        mean = target.mean(dim=-1, keepdim=True)
        variance = target.var(dim=-1, keepdim=True)
        target = (target - mean) / (variance + 1e-6).sqrt()
        loss = (pred - target).square().mean(dim=-1)
        return (loss * hidden).sum() / hidden.sum()

    def patchify(self, images: torch.Tensor) -> torch.Tensor:
        """Cut (N, C, H, W) into (N, L, p * p * C), channels fastest."""
        num, channels, height, width = images.shape
        p = self.patch
        patches = images.view(
            num, channels, height // p, p, width // p, p
        ).permute(0, 2, 4, 3, 5, 1)
        return patches.reshape(num, -1, p * p * channels)


class PlainEncoder(nn.Module):
    """A vision transformer that sees some of the patches.

    Args:
        like: A ``MaskedViT`` whose sizes are taken.
    """

    def __init__(self, like: nn.Module) -> None:
        super().__init__()
        sizes = like.arch_settings
        width = sizes['embed_dims']
        conv = like.patch_embed.projection
        self.mask_ratio = like.mask_ratio
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.embed = nn.Conv2d(
            conv.in_channels, width, conv.kernel_size, conv.stride
        )
        drops = [float(layer.attn.out_drop.drop_prob) for layer in like.layers]
        ratio = sizes['feedforward_channels'] / width
        self.blocks = make_blocks(width, sizes['num_heads'], ratio, drops)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        table = position_table(like.num_patches, width)
        self.register_buffer('positions', table)

    def forward(
        self, images: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Encode a random part of (N, C, H, W).

        Returns:
            Class token and seen tokens, (N, 1 + seen, D); bool (N, L), True
            where hidden; and the place of each patch, int64 (N, L).
        """
        tokens = self.embed(images).flatten(2).transpose(1, 2)
        tokens = tokens + self.positions[:, 1:]
        num, patches, _ = tokens.shape
        keep = int(patches * (1 - self.mask_ratio))
        order = torch.rand(num, patches, device=images.device).argsort(dim=1)
        place = order.argsort(dim=1)
        first = (self.cls_token + self.positions[:, :1]).expand(num, -1, -1)
        tokens = torch.cat([first, take(tokens, order[:, :keep])], dim=1)
        return self.norm(self.blocks(tokens)), place >= keep, place


class PlainDecoder(nn.Module):
    """A small transformer that fills in the hidden patches.

    Args:
        like: An ``MAEPretrainDecoder`` whose sizes are taken.
    """

    def __init__(self, like: nn.Module) -> None:
        super().__init__()
        inner = like.decoder_embed.in_features
        width = like.decoder_embed.out_features
        block = like.decoder_blocks[0]
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.embed = nn.Linear(inner, width)
        ratio = block.ffn.feedforward_channels / width
        drops = [0.0] * len(like.decoder_blocks)
        self.blocks = make_blocks(width, block.attn.num_heads, ratio, drops)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pred = nn.Linear(width, like.decoder_pred.out_features)
        table = position_table(like.num_patches, width)
        self.register_buffer('positions', table)

    def forward(
        self, tokens: torch.Tensor, place: torch.Tensor
    ) -> torch.Tensor:
        """Predict all patches, (N, L, p * p * C), from the seen ones."""
        tokens = self.embed(tokens)
        num, seen, _ = tokens.shape
        hidden = self.mask_token.expand(num, place.shape[1] + 1 - seen, -1)
        rest = take(torch.cat([tokens[:, 1:], hidden], dim=1), place)
        tokens = torch.cat([tokens[:, :1], rest], dim=1) + self.positions
        return self.pred(self.norm(self.blocks(tokens)))[:, 1:]


def make_blocks(
    width: int, heads: int, ratio: float, drops: Sequence[float]
) -> nn.Sequential:
    """Blocks of timm, one for each rate of stochastic depth."""
    norm = partial(nn.LayerNorm, eps=1e-6)
    return nn.Sequential(
        *(
            Block(
                width,
                heads,
                ratio,
                qkv_bias=True,
                drop_path=drop,
                norm_layer=norm,
            )
            for drop in drops
        )
    )


def position_table(patches: int, width: int) -> torch.Tensor:
    """Sines and cosines, (1, 1 + L, D), 0 for the class token."""
    side = int(patches**0.5)
    table = build_sincos2d_pos_embed([side, side], width)
    return F.pad(table, (0, 0, 1, 0))[None]


def take(tokens: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Tokens (N, K, D) of (N, L, D) by numbers (N, K)."""
    return tokens.gather(1, index[..., None].expand(-1, -1, tokens.shape[2]))


def plain_step(
    give_loss: Callable[[dict], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    bf16: bool,
    batch: dict,
) -> None:
    """One optimiser step in plain PyTorch."""
    device = next(iter(batch.values())).device.type
    with torch.autocast(device, torch.bfloat16, enabled=bf16):
        loss = give_loss(batch)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def terratorch_task(like: nn.Module) -> nn.Module:
    """TerraTorch's segmentation task around a segmentor of mmseg."""
    from terratorch.models.model import ModelOutput
    from terratorch.tasks import SemanticSegmentationTask

    class Segmentor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = like

        def forward(self, images: torch.Tensor) -> ModelOutput:
            logits = self.inner(images, mode='tensor')
            size = images.shape[-2:]
            return ModelOutput(F.interpolate(logits, size, mode='bilinear'))

    return SemanticSegmentationTask(
        model=Segmentor(),
        model_args=dict(num_classes=like.num_classes),
        loss='ce',
        ignore_index=IGNORE,
    )


def stock_mae(cfg: dict) -> dict:
    """Config of mmpretrain's autoencoder with the sizes of ours."""
    head = cfg['head']
    return dict(
        type='mmpretrain.MAE',
        data_preprocessor=dict(type='mmpretrain.SelfSupDataPreprocessor'),
        backbone=cfg['backbone'] | dict(type='mmpretrain.MAEViT'),
        neck=copy.deepcopy(cfg['neck']),
        head=dict(
            type='mmpretrain.MAEPretrainHead',
            norm_pix=head['norm_pix'],
            patch_size=head['patch_size'],
            in_channels=head['in_channels'],
            loss=dict(
                type='mmpretrain.PixelReconstructionLoss', criterion='L2'
            ),
        ),
    )


def stock_segmentor(cfg: dict, task: str) -> dict:
    """Config of mmseg's segmentor with the encoder and a head of ours.

    It classifies; SIC has 11 classes.
    """
    size = cfg['backbone']['img_size']
    head = cfg['heads'][task] | dict(
        type='mmseg.UPerHead',
        num_classes=get_task(task).num_classes,
        loss_decode=dict(type='mmseg.CrossEntropyLoss'),
    )
    head.pop('value_range', None)
    return dict(
        type='mmseg.EncoderDecoder',
        data_preprocessor=dict(
            type='mmseg.SegDataPreProcessor', size=(size, size)
        ),
        backbone=copy.deepcopy(cfg['backbone']),
        neck=copy.deepcopy(cfg['neck']),
        decode_head=head,
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )


def share_pyramid(cfg: dict) -> dict:
    """Config of our own segmentor with one UPerNet for all heads."""
    heads = cfg['heads']
    any_head = heads['SOD']
    width = any_head['channels']
    taken = ('in_channels', 'in_index', 'channels', 'pool_scales')
    taken += ('norm_cfg', 'align_corners')
    shared = {key: any_head[key] for key in taken}
    light = dict(
        in_channels=width,
        in_index=0,
        channels=width,
        num_convs=0,
        concat_input=False,
        dropout_ratio=any_head['dropout_ratio'],
        align_corners=any_head['align_corners'],
    )
    kept = ('num_classes', 'value_range', 'loss_decode')
    return cfg | dict(
        neck=[cfg['neck'], dict(type='UPerNeck', **shared)],
        heads={
            task: {key: head[key] for key in kept if key in head}
            | light
            | dict(
                type='RegressionFCNHead'
                if head['type'].startswith('Regression')
                else 'mmseg.FCNHead'
            )
            for task, head in heads.items()
        },
    )
