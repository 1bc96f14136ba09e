"""Baseline: SegFormer with the encoder MiT-B2, from scratch."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

head = dict(
    _delete_=True,
    in_channels=[64, 128, 320, 512],
    in_index=[0, 1, 2, 3],
    channels=256,
    dropout_ratio=0.1,
    norm_cfg=dict(type='GN', num_groups=32),
    align_corners=False,
)
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.MixVisionTransformer',
        in_channels=2,
        embed_dims=64,
        num_layers=[3, 4, 6, 3],
        num_heads=[1, 2, 5, 8],
        patch_sizes=[7, 3, 3, 3],
        sr_ratios=[8, 4, 2, 1],
        drop_path_rate=0.1,
    ),
    neck=None,
    heads=dict(
        SIC=dict(
            type='RegressionSegformerHead',
            value_range=(0, 10),
            loss_decode=dict(type='MaskedMSELoss'),
            **head,
        ),
        SOD=dict(
            type='mmseg.SegformerHead',
            num_classes=6,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        ),
        FLOE=dict(
            type='mmseg.SegformerHead',
            num_classes=7,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        ),
    ),
)
