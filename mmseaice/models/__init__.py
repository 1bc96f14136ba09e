"""What upstream's models lack; everything else is configured from there."""

from ..utils.quiet import import_upstream_quietly

import_upstream_quietly()

from .audit import AuditedInitMixin, LoadAudit, audit_loading  # noqa: E402
from .backbones import MaskedViT, UNet  # noqa: E402
from .batch_augments import CutMixScenes  # noqa: E402
from .classifiers import PatchClassifier  # noqa: E402
from .data_preprocessors import SeaIceDataPreprocessor  # noqa: E402
from .heads import (  # noqa: E402
    MaskedReconstructionHead,
    RegressionASPPHead,
    RegressionFCNHead,
    RegressionMixin,
    RegressionSegformerHead,
    RegressionUPerHead,
)
from .losses import (  # noqa: E402
    MaskedMSELoss,
    MaskedPixelLoss,
    OrdinalLoss,
    PolygonLoss,
    ValidCrossEntropyLoss,
    ValidDiceLoss,
    ValidFocalLoss,
    WaterConsistencyLoss,
)
from .necks import UPerNeck  # noqa: E402
from .segmentors import MultiTaskSegmentor  # noqa: E402
from .selfsup import (  # noqa: E402
    BlockMasking,
    DespeckledTarget,
    GradientTarget,
    PixelTarget,
    PolarisationMasking,
    RandomMasking,
    RegionMasking,
    SeaIceMAE,
)

__all__ = [
    'AuditedInitMixin',
    'BlockMasking',
    'CutMixScenes',
    'DespeckledTarget',
    'GradientTarget',
    'LoadAudit',
    'MaskedMSELoss',
    'MaskedPixelLoss',
    'MaskedReconstructionHead',
    'MaskedViT',
    'MultiTaskSegmentor',
    'OrdinalLoss',
    'PatchClassifier',
    'PixelTarget',
    'PolarisationMasking',
    'PolygonLoss',
    'RandomMasking',
    'RegionMasking',
    'RegressionASPPHead',
    'RegressionFCNHead',
    'RegressionMixin',
    'RegressionSegformerHead',
    'RegressionUPerHead',
    'SeaIceDataPreprocessor',
    'SeaIceMAE',
    'UNet',
    'UPerNeck',
    'ValidCrossEntropyLoss',
    'ValidDiceLoss',
    'ValidFocalLoss',
    'WaterConsistencyLoss',
    'audit_loading',
]
