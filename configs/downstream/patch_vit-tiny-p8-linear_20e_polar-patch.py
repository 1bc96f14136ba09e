"""A linear head on a frozen ViT-Tiny/8: water, ice or land in real patches."""

_base_ = [
    '../_base_/datasets/polar_patch_classification.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='PatchClassifier',
    tuning='probe',
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=192,
            num_layers=12,
            num_heads=3,
            feedforward_channels=768,
        ),
        img_size=64,
        patch_size=8,
        patch_cfg=dict(in_channels=2),
        out_type='featmap',
        init_cfg=dict(
            type='Pretrained',
            checkpoint=(
                'work_dirs/mae_vit-tiny-p8_100e_polar-patch/epoch_100.pth'
            ),
            prefix='backbone.',
        ),
    ),
    neck=dict(type='mmpretrain.GlobalAveragePooling'),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=3,
        in_channels=192,
        loss=dict(type='mmpretrain.CrossEntropyLoss'),
        cal_acc=False,
    ),
)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0)
)
param_scheduler = dict(
    type='CosineAnnealingLR', T_max=20, convert_to_iter_based=True
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=1)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=5))
log_processor = dict(by_epoch=True)
