"""Baseline: ConvNeXt-Tiny with the heads of the ViT, from scratch."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

head = dict(in_channels=[96, 192, 384, 768])
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ConvNeXt',
        arch='tiny',
        in_channels=2,
        out_indices=[0, 1, 2, 3],
        drop_path_rate=0.1,
        # As its authors have it for segmentation.
        layer_scale_init_value=1.0,
        gap_before_final_norm=False,
    ),
    # Its four stages are a pyramid already.
    neck=None,
    heads=dict(SIC=head, SOD=head, FLOE=head),
)
