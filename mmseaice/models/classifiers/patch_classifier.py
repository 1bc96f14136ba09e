"""A linear classifier on an encoder, the first judge of what it learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample

from ...registry import MODELS
from ..audit import AuditedInitMixin


@MODELS.register_module()
class PatchClassifier(AuditedInitMixin, ImageClassifier):
    """Upstream's ``ImageClassifier`` on mean-pooled features.

    Any backbone that gives feature maps will do (``out_type='featmap'`` of
    a ViT), any channel number, and any of upstream's heads.

    Args:
        backbone: Config of the encoder.
        head: Config of the head, usually ``mmpretrain.LinearClsHead``.
        freeze_encoder: Train the head only. The encoder then stays in
            evaluation mode, without dropout, whatever ``train()`` says.
        data_preprocessor: Config; ``SeaIceDataPreprocessor`` by default.
        **kwargs: As upstream's.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict | None = None,
        freeze_encoder: bool = False,
        data_preprocessor: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            backbone=backbone,
            head=head,
            data_preprocessor=MODELS.build(
                data_preprocessor or dict(type='SeaIceDataPreprocessor')
            ),
            **kwargs,
        )
        self.freeze_encoder = freeze_encoder
        if freeze_encoder:
            self.backbone.requires_grad_(False)
            self.backbone.eval()

    def train(self, mode: bool = True) -> PatchClassifier:
        """Set training mode, except for a frozen encoder."""
        super().train(mode)
        if self.freeze_encoder:
            self.backbone.eval()
        return self

    def extract_feat(self, inputs: torch.Tensor) -> torch.Tensor:
        """Mean over the last feature map of the encoder.

        Args:
            inputs: Patches, (N, C, H, W).

        Returns:
            Features, (N, D).
        """
        features = self.backbone(inputs)[-1]
        if features.ndim != 4:
            raise ValueError(
                f'The backbone must give feature maps (N, D, h, w), but got '
                f"{tuple(features.shape)}. Set out_type='featmap'."
            )
        return features.mean(dim=(2, 3))

    def forward(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Run the model in one of mmengine's three modes.

        Args:
            inputs: Patches, (N, C, H, W).
            data_samples: N samples, with ``gt_label`` for 'loss'.
            mode: 'loss', 'predict', or 'tensor' for scores, (N, classes),
                or features if there is no head.
        """
        # Upstream's heads take the features of all stages and use the last.
        stages = (self.extract_feat(inputs),)
        if mode == 'loss':
            return self.head.loss(stages, data_samples)
        if mode == 'predict':
            return self.head.predict(stages, data_samples)
        if mode == 'tensor':
            return self.head(stages) if self.with_head else stages[0]
        raise ValueError(
            f"mode must be 'loss', 'predict' or 'tensor', but got {mode!r}."
        )
