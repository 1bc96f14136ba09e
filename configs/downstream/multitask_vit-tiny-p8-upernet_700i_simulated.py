"""Fine-tune ViT-Tiny/8 on simulated charts: the second half of `make demo`."""

_base_ = [
    '../_base_/models/multitask_vit-upernet.py',
    '../_base_/datasets/simulated_charts.py',
    '../_base_/schedules/finetuning_30ki.py',
    '../_base_/default_runtime.py',
]

# Groups of one channel would remove the level of the backscatter.
norm_cfg = dict(type='GN', num_groups=4)
head = dict(in_channels=[192] * 4, channels=32, norm_cfg=norm_cfg)
model = dict(
    data_preprocessor=dict(size_divisor=8),
    backbone=dict(
        arch=dict(
            _delete_=True,
            embed_dims=192,
            num_layers=12,
            num_heads=3,
            feedforward_channels=768,
        ),
        img_size=64,
        patch_size=8,
        patch_cfg=dict(in_channels=3),
        drop_path_rate=0.0,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/mae_vit-tiny-p8_500i_simulated/iter_500.pth',
            prefix='backbone.',
        ),
    ),
    neck=dict(embed_dim=192, rescales=[2, 1, 0.5, 0.25], norm_cfg=norm_cfg),
    heads=dict(SIC=head, SOD=head, FLOE=head),
    test_cfg=dict(crop_size=(64, 64), stride=(16, 16)),
)
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=700),
]
train_cfg = dict(max_iters=700, val_interval=700)
default_hooks = dict(checkpoint=dict(interval=350))
