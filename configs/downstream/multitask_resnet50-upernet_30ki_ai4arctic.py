"""Baseline: ResNet-50 with the heads of the ViT, from scratch."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

head = dict(in_channels=[256, 512, 1024, 2048])
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.ResNetV1c',
        in_channels=2,
        depth=50,
        norm_cfg=dict(type='BN'),
    ),
    # Its four stages are a pyramid already.
    neck=None,
    heads=dict(SIC=head, SOD=head, FLOE=head),
)
