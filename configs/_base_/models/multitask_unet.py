"""U-Net with a 1x1 convolution for each chart, on HH and HV."""

head = dict(
    in_channels=64,
    in_index=0,
    channels=64,
    num_convs=0,
    concat_input=False,
    dropout_ratio=0.0,
    align_corners=False,
)

model = dict(
    type='MultiTaskSegmentor',
    data_preprocessor=dict(type='SeaIceDataPreprocessor'),
    backbone=dict(
        type='UNet',
        in_channels=2,
        widths=[64, 128, 256, 512, 1024],
        norm_cfg=dict(type='BN'),
    ),
    heads=dict(
        SIC=dict(
            type='RegressionFCNHead',
            value_range=(0, 10),
            loss_decode=dict(type='MaskedMSELoss'),
            **head,
        ),
        SOD=dict(
            type='mmseg.FCNHead',
            num_classes=6,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        ),
        FLOE=dict(
            type='mmseg.FCNHead',
            num_classes=7,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        ),
    ),
    task_weights=dict(SIC=1.0, SOD=3.0, FLOE=3.0),
    test_cfg=dict(mode='slide', crop_size=(384, 384), stride=(192, 192)),
)
