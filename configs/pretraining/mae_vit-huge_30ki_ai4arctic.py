"""Pre-train ViT-Huge/16 on AI4Arctic scenes without labels."""

_base_ = './mae_vit-base_30ki_ai4arctic.py'

model = dict(backbone=dict(arch='huge'), neck=dict(embed_dim=1280))
train_dataloader = dict(batch_size=32)
