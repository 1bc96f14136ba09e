"""A linear classifier on an encoder, the first judge of what it learned."""

from __future__ import annotations

from typing import Any

from mmpretrain.models import ImageClassifier

from ...registry import MODELS
from ..audit import AuditedInitMixin
from ..utils import TunedEncoderMixin


@MODELS.register_module()
class PatchClassifier(TunedEncoderMixin, AuditedInitMixin, ImageClassifier):
    """Upstream's ``ImageClassifier``, of whose encoder a part may learn.

    Which features the head sees is configured as upstream has it: feature
    maps of the encoder (``out_type='featmap'`` of a ViT) with the neck
    ``mmpretrain.GlobalAveragePooling``, or its class token without one.

    Args:
        backbone: Config of the encoder.
        tuning: How much of the backbone learns, see
            :class:`TunedEncoderMixin`.
        data_preprocessor: Config; ``SeaIceDataPreprocessor`` by default.
        **kwargs: ``neck``, ``head`` and the others of upstream.
    """

    def __init__(
        self,
        backbone: dict,
        tuning: str | dict = 'full',
        data_preprocessor: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            backbone=backbone,
            data_preprocessor=MODELS.build(
                data_preprocessor or dict(type='SeaIceDataPreprocessor')
            ),
            **kwargs,
        )
        self.set_tuning(tuning)
