"""Baseline: Swin-Tiny with the heads of the ViT, from scratch."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

head = dict(in_channels=[96, 192, 384, 768])
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.SwinTransformer',
        in_channels=2,
        embed_dims=96,
        depths=(2, 2, 6, 2),
        num_heads=(3, 6, 12, 24),
        window_size=7,
        drop_path_rate=0.1,
    ),
    # Its four stages are a pyramid already.
    neck=None,
    heads=dict(SIC=head, SOD=head, FLOE=head),
)
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys=dict(relative_position_bias_table=dict(decay_mult=0.0))
    )
)
