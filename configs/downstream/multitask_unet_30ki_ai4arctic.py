"""Baseline: the U-Net of the AutoICE starter kit, wider, from scratch."""

_base_ = [
    '../_base_/models/multitask_unet.py',
    '../_base_/datasets/ai4arctic_charts.py',
    '../_base_/schedules/finetuning_30ki.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(
    checkpoint=dict(save_best='AutoICE/combined', rule='greater')
)
