"""Baseline: DeepLabV3+ on a dilated ResNet-50, from scratch."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

# Sixteen groups, because they divide the 48 channels of the fine map.
norm_cfg = dict(type='GN', num_groups=16)
head = dict(
    _delete_=True,
    in_channels=2048,
    in_index=3,
    channels=512,
    dilations=(1, 12, 24, 36),
    c1_in_channels=256,
    c1_channels=48,
    dropout_ratio=0.1,
    norm_cfg=norm_cfg,
    align_corners=False,
)
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.ResNetV1c',
        in_channels=2,
        depth=50,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        contract_dilation=True,
        norm_cfg=dict(type='BN'),
    ),
    neck=None,
    heads=dict(
        SIC=dict(
            type='RegressionASPPHead',
            value_range=(0, 10),
            loss_decode=dict(type='MaskedMSELoss'),
            **head,
        ),
        SOD=dict(
            type='mmseg.DepthwiseSeparableASPPHead',
            num_classes=6,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        ),
        FLOE=dict(
            type='mmseg.DepthwiseSeparableASPPHead',
            num_classes=7,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        ),
    ),
)
