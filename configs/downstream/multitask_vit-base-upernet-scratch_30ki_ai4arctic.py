"""The same recipe without pre-training, to see what it is worth."""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

model = dict(backbone=dict(init_cfg=None))
