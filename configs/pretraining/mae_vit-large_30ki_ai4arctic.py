"""Pre-train ViT-Large/16 on AI4Arctic scenes without labels."""

_base_ = './mae_vit-base_30ki_ai4arctic.py'

model = dict(backbone=dict(arch='large'), neck=dict(embed_dim=1024))
train_dataloader = dict(batch_size=32)
