"""Fine-tune a pre-trained ViT-Base/16 to chart SIC, SOD and FLOE."""

_base_ = [
    '../_base_/models/multitask_vit-upernet.py',
    '../_base_/datasets/ai4arctic_charts.py',
    '../_base_/schedules/finetuning_30ki.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/mae_vit-base_30ki_ai4arctic/iter_30000.pth',
            prefix='backbone.',
        )
    )
)
default_hooks = dict(
    checkpoint=dict(save_best='AutoICE/combined', rule='greater')
)
