"""ViT-Base/16 with a feature pyramid and one UPerNet head for each chart."""

norm_cfg = dict(type='GN', num_groups=32)
upernet = dict(
    in_channels=[768] * 4,
    in_index=[0, 1, 2, 3],
    channels=768,
    pool_scales=(1, 2, 3, 6),
    dropout_ratio=0.1,
    norm_cfg=norm_cfg,
    align_corners=False,
)

model = dict(
    type='MultiTaskSegmentor',
    data_preprocessor=dict(type='SeaIceDataPreprocessor', size_divisor=16),
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch='base',
        img_size=384,
        patch_size=16,
        patch_cfg=dict(in_channels=2),
        out_type='featmap',
        out_indices=[2, 5, 8, 11],
        drop_path_rate=0.1,
    ),
    neck=dict(
        type='mmseg.Feature2Pyramid',
        embed_dim=768,
        rescales=[4, 2, 1, 0.5],
        norm_cfg=norm_cfg,
    ),
    heads=dict(
        SIC=dict(
            type='RegressionUPerHead',
            value_range=(0, 10),
            loss_decode=dict(type='MaskedMSELoss'),
            **upernet,
        ),
        SOD=dict(
            type='mmseg.UPerHead',
            num_classes=6,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **upernet,
        ),
        FLOE=dict(
            type='mmseg.UPerHead',
            num_classes=7,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **upernet,
        ),
    ),
    task_weights=dict(SIC=1.0, SOD=3.0, FLOE=3.0),
    test_cfg=dict(mode='slide', crop_size=(384, 384), stride=(192, 192)),
)
