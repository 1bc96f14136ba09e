"""Fine-tune DINOv3-Small/16, trained on photographs, to chart sea ice.

Another encoder of timm is another name, with its file on the hub and its
width. The weights are fetched once; jobs without a network take them from
the cache.
"""

_base_ = './multitask_vit-base-upernet_30ki_ai4arctic.py'

head = dict(in_channels=[384] * 4)
model = dict(
    backbone=dict(
        _delete_=True,
        type='TIMMFeatures',
        name='vit_small_patch16_dinov3',
        in_channels=2,
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            checkpoint=(
                'hf://timm/vit_small_patch16_dinov3.lvd1689m/model.safetensors'
            ),
        ),
    ),
    neck=dict(embed_dim=384),
    heads=dict(SIC=head, SOD=head, FLOE=head),
)
