"""Pre-train ViT-Base/16 on AI4Arctic scenes without labels."""

_base_ = [
    '../_base_/models/mae_vit.py',
    '../_base_/datasets/ai4arctic_pretraining.py',
    '../_base_/schedules/pretraining_30ki.py',
    '../_base_/default_runtime.py',
]
