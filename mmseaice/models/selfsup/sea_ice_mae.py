"""Masked autoencoding of SAR scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from mmpretrain.models import MAE

from ...registry import MODELS
from ..audit import AuditedInitMixin
from ..backbones import MaskedViT
from ..utils import hide_invalid, stack_valid


@MODELS.register_module()
class SeaIceMAE(AuditedInitMixin, MAE):
    """Upstream's ``MAE``, with missing pixels and any number of channels.

    What stands in an invalid pixel has no influence on loss or gradients.
    Encoder, decoder and head are configured as upstream's; that they fit
    each other is checked here.

    Args:
        target: Config of what is reconstructed, such as
            ``dict(type='GradientTarget')``; :class:`PixelTarget` by default.
        data_preprocessor: Config; ``SeaIceDataPreprocessor`` by default.
        **kwargs: ``backbone``, ``neck``, ``head`` and ``init_cfg`` as
            upstream has them. The channels of neck and head are those of
            the image; if the target has several maps for each, the decoder
            predicts as many.
    """

    def __init__(
        self,
        *,
        target: dict | None = None,
        data_preprocessor: dict | None = None,
        **kwargs: Any,
    ) -> None:
        target = MODELS.build(
            {'type': 'mmseaice.PixelTarget', **(target or {})}
        )
        if target.maps > 1:
            for part, key in (('neck', 'in_chans'), ('head', 'in_channels')):
                # 3 is what upstream takes if it is told nothing.
                channels = kwargs[part].get(key, 3) * target.maps
                kwargs[part] = {**kwargs[part], key: channels}
        super().__init__(
            data_preprocessor=MODELS.build(
                data_preprocessor or dict(type='SeaIceDataPreprocessor')
            ),
            **kwargs,
        )
        self.target = target
        self._check_parts()

    def _check_parts(self) -> None:
        """Refuse an encoder, decoder and head that do not fit."""
        height, width = self.backbone.img_size
        if height != width:
            raise ValueError(
                'img_size of the backbone must be square, as the decoder '
                f'knows the number of patches only, but got {height, width}.'
            )
        ratio, patches = self.backbone.mask_ratio, self.backbone.num_patches
        if not 1 <= int(patches * (1 - ratio)) < patches:
            raise ValueError(
                'mask_ratio of the backbone must hide at least one of '
                f'{patches} patches and leave one, but got {ratio}.'
            )
        expected = {
            'neck.num_patches': (
                self.neck.num_patches,
                self.backbone.num_patches,
                '(img_size / patch_size) squared, as in the backbone',
            ),
            'neck.patch_size and neck.in_chans': (
                self.neck.decoder_pred.out_features,
                self.head.patch_size**2 * self.head.in_channels,
                'those of the head, so that values per patch',
            ),
            'head.in_channels': (
                self.head.in_channels,
                self.backbone.patch_embed.projection.in_channels
                * self.target.maps,
                'that of the backbone, times the maps of the target',
            ),
        }
        for name, (got, wanted, words) in expected.items():
            if got != wanted:
                raise ValueError(
                    f'{name} must be {words}, {wanted}, but got {got}.'
                )

    def loss(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[BaseDataElement] | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Hide random patches and compare their reconstruction.

        Args:
            inputs: Images, (N, C, H, W), of the backbone's ``img_size``.
            data_samples: N samples, with ``valid`` where pixels miss.
            **kwargs: Ignored, as upstream does.

        Returns:
            ``loss``, a scalar.
        """
        valid = stack_valid(inputs, data_samples)
        inputs = hide_invalid(inputs, valid)
        pred, mask = self._decode(inputs, valid)
        maps, counted = self.target(inputs, valid)
        return dict(loss=self.head.loss(pred, maps, mask, counted))

    @torch.no_grad()
    def reconstruct(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[BaseDataElement] | None = None,
        mask: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Hide patches and fill them in again, to be looked at.

        Args:
            inputs: Images, (N, C, H, W), on the device of the model.
            data_samples: N samples, with ``valid`` where pixels miss.
            mask: Bool (N, L), True where a patch is hidden. None draws
                from torch's random numbers. Needs a ``MaskedViT``.

        Returns:
            ``original``, ``masked`` and ``reconstruction``, (N, C, H, W) in
            the units of the input, NaN where invalid; ``masked`` is NaN
            where the encoder saw nothing too, ``reconstruction`` is the
            decoder's output, everywhere; and ``mask``, bool (N, 1, H, W),
            True where all channels were hidden.

        Raises:
            TypeError: If what the decoder predicts is no image.
        """
        if not self.target.is_image:
            raise TypeError(
                'target must be an image, such as a PixelTarget or a '
                'DespeckledTarget, to be looked at, but got '
                f'{type(self.target).__name__}.'
            )
        valid = stack_valid(inputs, data_samples)
        inputs = hide_invalid(inputs, valid)
        pred, mask = self._decode(inputs, valid, mask)
        maps, counted = self.target(inputs, valid)
        hidden = self.head.unpatchify(self.head.spread_mask(mask))
        missing = float('nan')
        return dict(
            original=inputs.masked_fill(~valid, missing),
            masked=inputs.masked_fill(~valid | hidden, missing),
            reconstruction=self.head.restore(pred, maps, counted).masked_fill(
                ~valid, missing
            ),
            mask=hidden.all(dim=1, keepdim=True),
        )

    def _decode(
        self,
        inputs: torch.Tensor,
        valid: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Predicted patches, (N, L, D), and the encoder's mask."""
        size = tuple(self.backbone.img_size)
        if tuple(inputs.shape[-2:]) != size:
            raise ValueError(
                f'Images must have the size of the backbone, {size}, but '
                f'got {tuple(inputs.shape[-2:])}. Set the crop or img_size.'
            )
        if isinstance(self.backbone, MaskedViT):
            drawn = True if mask is None else mask
            latent, mask, order = self.backbone(inputs, drawn, valid)
        elif mask is None:
            latent, mask, order = self.backbone(inputs)
        else:
            raise TypeError(
                f'backbone must be a MaskedViT to be given a mask, but got '
                f'{type(self.backbone).__name__}.'
            )
        return self.neck(latent, order), mask
