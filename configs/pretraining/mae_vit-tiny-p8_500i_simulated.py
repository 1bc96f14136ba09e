"""Pre-train ViT-Tiny/8 on simulated scenes: the first half of `make demo`."""

_base_ = [
    '../_base_/models/mae_vit-tiny-p8.py',
    '../_base_/datasets/simulated_pretraining.py',
    '../_base_/schedules/pretraining_30ki.py',
    '../_base_/default_runtime.py',
]

# HH, HV and incidence angle. With three quantities of their own levels in a
# patch, the target is the backscatter itself, not normalised by patch.
model = dict(
    backbone=dict(patch_cfg=dict(in_channels=3)),
    neck=dict(in_chans=3),
    head=dict(in_channels=3, norm_pix=False),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=500),
]
train_cfg = dict(max_iters=500)
default_hooks = dict(checkpoint=dict(interval=250))
