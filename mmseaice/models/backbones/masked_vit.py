"""The encoder of masked autoencoding, with masks that can be given."""

from __future__ import annotations

import torch
from mmpretrain.models import MAEViT

from ...registry import MODELS


@MODELS.register_module()
class MaskedViT(MAEViT):
    """Upstream's ``MAEViT``, which also takes a mask instead of drawing one.

    Weights and random masks are the same as upstream's. Two things differ:
    ``mask`` may be a tensor, and ``mask=False`` really masks nothing.
    """

    _given_mask: torch.Tensor | None = None

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | bool | None = True
    ) -> tuple[torch.Tensor, ...]:
        """Encode what is not hidden.

        Args:
            x: Images, (N, C, H, W).
            mask: True to hide a random ``mask_ratio`` of the L patches;
                False or None to hide nothing; or a bool tensor (N, L), True
                where a patch is hidden, as many in every row.

        Returns:
            The features as ``VisionTransformer`` gives them if nothing is
            hidden. Otherwise the visible tokens behind the class token,
            (N, 1 + visible, embed_dims); the mask, float (N, L), 1 where
            hidden; and the order that restores all tokens, int64 (N, L).
        """
        if not isinstance(mask, torch.Tensor):
            return super().forward(x, mask or None)
        self._given_mask = mask
        try:
            return super().forward(x)
        finally:
            self._given_mask = None

    def random_masking(
        self, x: torch.Tensor, mask_ratio: float = 0.75
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Drop hidden tokens from ``x``, (N, L, D), as upstream's does."""
        if self._given_mask is None:
            return super().random_masking(x, mask_ratio)
        hidden = self._given_mask.to(x.device, torch.bool)
        if hidden.shape != x.shape[:2] or len(hidden.sum(1).unique()) != 1:
            raise ValueError(
                f'mask must be {tuple(x.shape[:2])} and hide equally many '
                f'patches of each image, but got {tuple(hidden.shape)} with '
                f'{hidden.sum(-1).tolist()} hidden.'
            )
        order = hidden.int().argsort(dim=1, stable=True)
        visible = order[:, : int((~hidden[0]).sum())]
        tokens = x.gather(1, visible[..., None].expand(-1, -1, x.shape[2]))
        return tokens, hidden.to(x.dtype), order.argsort(dim=1)
