"""The encoder of masked autoencoding, with masks that can be given."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models import MAEViT

from ...registry import MODELS
from ..utils import find_seen_patches


@MODELS.register_module()
class MaskedViT(MAEViT):
    """Upstream's ``MAEViT``, which hides patches in more than one way.

    Weights and, by default, random masks are the same as upstream's. What
    differs: ``masking`` says how patches are drawn, ``mask`` may be a tensor
    instead, and ``mask=False`` really masks nothing.

    Args:
        *args: Those of ``MAEViT``.
        masking: Config of a masking, such as ``dict(type='BlockMasking')``;
            :class:`RandomMasking` by default.
        **kwargs: Those of ``MAEViT``.
    """

    def __init__(
        self, *args: Any, masking: dict | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.masking = MODELS.build(
            {
                'type': 'mmseaice.RandomMasking',
                'grid': tuple(self.patch_resolution),
                'in_channels': self.patch_embed.projection.in_channels,
                **(masking or {}),
            }
        )

    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor | bool | None = True,
        valid: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        """Encode what is not hidden.

        Args:
            x: Images, (N, C, H, W).
            mask: True to hide a ``mask_ratio`` of the L patches, drawn by
                ``masking``; False or None to hide nothing; or a bool tensor
                (N, L), True where a patch is hidden, as many in every row.
            valid: Bool (N, 1, H, W), True where a pixel is a measurement,
                for a masking that minds. None for everywhere.

        Returns:
            The features as ``VisionTransformer`` gives them if nothing is
            hidden. Otherwise the visible tokens behind the class token,
            (N, 1 + visible, embed_dims); the mask, float (N, L), 1 where
            hidden, or (N, L, C) if ``masking`` hides channels; and the
            order that restores all tokens, int64 (N, L).
        """
        if mask is None or mask is False:
            return super().forward(x, None)
        lost = None
        if isinstance(mask, torch.Tensor):
            order, keep = self._given_order(mask, len(x))
        else:
            x, lost = self.masking.hide_channels(x)
            keep = int(self.num_patches * (1 - self.mask_ratio))
            seen = self._seen_patches(valid)
            order = self.masking(len(x), x.device, seen)
        tokens = self.patch_embed(x)[0] + self.pos_embed[:, 1:]
        rank = _invert(order)
        hidden = rank >= keep
        if lost is not None:
            hidden = hidden[..., None] | lost[:, None]
        visible = order[:, :keep, None].expand(-1, -1, tokens.shape[2])
        first = self.cls_token + self.pos_embed[:, :1]
        tokens = torch.cat(
            [first.expand(len(x), -1, -1), tokens.gather(1, visible)], dim=1
        )
        for layer in self.layers:
            tokens = layer(tokens)
        return self.norm1(tokens), hidden.float(), rank

    def _seen_patches(self, valid: torch.Tensor | None) -> torch.Tensor | None:
        """Bool (N, L), True where a patch has a valid pixel."""
        if valid is None:
            return None
        size = self.patch_embed.projection.kernel_size
        return find_seen_patches(valid, size)

    def _given_order(
        self, mask: torch.Tensor, num: int
    ) -> tuple[torch.Tensor, int]:
        """Numbers of the patches, visible ones first, and how many."""
        hidden = mask.to(self.pos_embed.device, torch.bool)
        shape = num, self.num_patches
        if hidden.shape != shape or len(hidden.sum(1).unique()) != 1:
            raise ValueError(
                f'mask must be {shape} and hide equally many '
                f'patches of each image, but got {tuple(hidden.shape)} with '
                f'{hidden.sum(-1).tolist()} hidden.'
            )
        order = hidden.int().argsort(dim=1, stable=True)
        return order, int((~hidden[0]).sum())


def _invert(order: torch.Tensor) -> torch.Tensor:
    """The place of each number in rows of permutations, int64 (N, L).

    It is what a second sort gives, without sorting.
    """
    place = torch.arange(order.shape[1], device=order.device)
    return torch.empty_like(order).scatter(1, order, place.expand_as(order))
