"""The published recipe with one pyramid for all charts instead of three."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

norm_cfg = dict(type='GN', num_groups=32)
head = dict(
    _delete_=True,
    in_channels=768,
    in_index=0,
    channels=768,
    num_convs=0,
    concat_input=False,
    dropout_ratio=0.1,
    align_corners=False,
)
classes = dict(
    type='mmseg.FCNHead',
    loss_decode=dict(type='ValidCrossEntropyLoss'),
    **head,
)
model = dict(
    neck=[
        dict(
            type='mmseg.Feature2Pyramid',
            embed_dim=768,
            rescales=[4, 2, 1, 0.5],
            norm_cfg=norm_cfg,
        ),
        dict(
            type='UPerNeck',
            in_channels=[768] * 4,
            in_index=[0, 1, 2, 3],
            channels=768,
            pool_scales=(1, 2, 3, 6),
            norm_cfg=norm_cfg,
            align_corners=False,
        ),
    ],
    heads=dict(
        SIC=dict(
            type='RegressionFCNHead',
            value_range=(0, 10),
            loss_decode=dict(type='MaskedMSELoss'),
            **head,
        ),
        SOD=dict(num_classes=6, **classes),
        FLOE=dict(num_classes=7, **classes),
    ),
)
