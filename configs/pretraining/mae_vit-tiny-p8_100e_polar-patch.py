"""Pre-train ViT-Tiny/8 on real Sentinel-1 patches, on a laptop."""

_base_ = [
    '../_base_/models/mae_vit-tiny-p8.py',
    '../_base_/datasets/polar_patch_pretraining.py',
    '../_base_/schedules/pretraining_30ki.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    optimizer=dict(lr=1.5e-3, betas=(0.9, 0.95), weight_decay=0.05)
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.01,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=5,
        end=100,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(
    _delete_=True, type='EpochBasedTrainLoop', max_epochs=100, val_interval=100
)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=10))
log_processor = dict(by_epoch=True)
