"""The head of masked autoencoding, for images with missing pixels.

Legend: N images, C channels, p patch size, L patches, D = p * p * C values
of a patch, channels fastest.
"""

from __future__ import annotations

import torch
from mmpretrain.models.heads import MAEPretrainHead

from ...registry import MODELS

_EPSILON = 1e-6  # upstream's, added to the variance


@MODELS.register_module()
class MaskedReconstructionHead(MAEPretrainHead):
    """Upstream's ``MAEPretrainHead``, with invalid pixels left out.

    They enter neither the mean and variance that normalise the target of
    their patch, nor the loss. If all pixels are valid, everything equals
    upstream.

    Args:
        loss: Loss of (N, L, D) patches and a mask of the same shape.
        norm_pix: Normalise each patch of the target to mean 0, variance 1.
        patch_size: p.
        in_channels: C, of the target.
    """

    def __init__(
        self,
        loss: dict | None = None,
        norm_pix: bool = True,
        patch_size: int = 16,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            loss=loss or dict(type='mmseaice.MaskedPixelLoss'),
            norm_pix=norm_pix,
            patch_size=patch_size,
            in_channels=in_channels,
        )

    def patchify_valid(self, valid: torch.Tensor) -> torch.Tensor:
        """Cut a mask as images are.

        Args:
            valid: Bool, (N, C, H, W) or (N, 1, H, W) for all channels.

        Returns:
            Bool (N, L, D).
        """
        return self.patchify(valid.expand(-1, self.in_channels, -1, -1))

    def spread_mask(self, mask: torch.Tensor) -> torch.Tensor:
        """Tell which values are hidden from which patches are.

        Args:
            mask: (N, L), or (N, L, channels of the image), 1 where hidden.
                The target may have several maps for each of them.

        Returns:
            Bool (N, L, D).
        """
        hidden = mask.bool()
        if hidden.ndim == 2:
            return hidden[..., None].expand(
                -1, -1, self.patch_size**2 * self.in_channels
            )
        maps = self.in_channels // hidden.shape[2]
        hidden = hidden.repeat_interleave(maps, dim=2)
        return hidden.repeat(1, 1, self.patch_size**2)

    def patch_statistics(
        self, patches: torch.Tensor, valid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation of each patch over valid pixels.

        The variance is the unbiased one, as upstream's. A patch without a
        valid pixel has mean 0 and almost no deviation.

        Args:
            patches: (N, L, D).
            valid: Bool (N, L, D), True where a value counts.

        Returns:
            Both (N, L, 1).
        """
        count = valid.sum(dim=-1, keepdim=True)
        mean = torch.where(valid, patches, 0).sum(-1, keepdim=True)
        mean = mean / count.clamp(min=1)
        deviation = torch.where(valid, patches - mean, 0)
        variance = deviation.square().sum(-1, keepdim=True)
        variance = variance / (count - 1).clamp(min=1)
        return mean, (variance + _EPSILON).sqrt()

    def construct_target(
        self, target: torch.Tensor, valid: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Cut images into the patches that the decoder should predict.

        Args:
            target: Images, (N, C, H, W).
            valid: Bool, (N, C, H, W) or (N, 1, H, W), True where a pixel is
                a measurement. None for everywhere.

        Returns:
            Patches, (N, L, D), 0 where invalid.
        """
        if valid is None:
            valid = torch.ones_like(target[:, :1], dtype=torch.bool)
        patches = self.patchify(target)
        valid = self.patchify_valid(valid)
        if self.norm_pix:
            mean, deviation = self.patch_statistics(patches, valid)
            patches = (patches - mean) / deviation
        return torch.where(valid, patches, 0)

    def loss(
        self,
        pred: torch.Tensor,
        target: torch.Tensor,
        mask: torch.Tensor,
        valid: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Mean error over the valid pixels of hidden patches.

        Args:
            pred: Output of the decoder, (N, L, D).
            target: Images, (N, C, H, W).
            mask: (N, L), 1 where a patch was hidden, 0 where it was seen;
                or as in :meth:`spread_mask`.
            valid: As in :meth:`construct_target`.

        Returns:
            Scalar, 0 with a graph if no hidden pixel is valid.
        """
        counted = self.spread_mask(mask)
        if valid is not None:
            counted = counted & self.patchify_valid(valid)
        return self.loss_module(
            pred, self.construct_target(target, valid), counted
        )

    def restore(
        self,
        pred: torch.Tensor,
        target: torch.Tensor,
        valid: torch.Tensor,
    ) -> torch.Tensor:
        """Turn the decoder's output into images in the units of the input.

        Where the target was normalised, its own mean and deviation are put
        back, which the decoder was never asked to know.

        Args:
            pred: Output of the decoder, (N, L, D).
            target: Images, (N, C, H, W).
            valid: As in :meth:`construct_target`.

        Returns:
            Images, (N, C, H, W).
        """
        if self.norm_pix:
            mean, deviation = self.patch_statistics(
                self.patchify(target), self.patchify_valid(valid)
            )
            pred = pred * deviation + mean
        return self.unpatchify(pred)
