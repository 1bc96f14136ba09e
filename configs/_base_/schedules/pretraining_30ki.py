"""AdamW for 30 000 iterations: warm-up over 3 000, then cosine to zero."""

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW',
        lr=2e-4,
        betas=(0.9, 0.999),
        weight_decay=0.01,
        fused=True,
    ),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys=dict(
            pos_embed=dict(decay_mult=0.0),
            mask_token=dict(decay_mult=0.0),
            cls_token=dict(decay_mult=0.0),
        ),
    ),
)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1 / 3, by_epoch=False, begin=0, end=3000
    ),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=3000, end=30000),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=30000)
