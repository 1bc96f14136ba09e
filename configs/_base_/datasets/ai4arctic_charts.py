"""AI4Arctic scenes with their charts: crops to train, whole scenes to score.

Scores are those of the AutoICE challenge: predictions return to the 80 m
grid of the charts, whatever spacing the model works at.
"""

data_root = '{{$MMSEAICE_DATA:data}}'
channels = ['HH', 'HV']
tasks = ['SIC', 'SOD', 'FLOE']
# Published statistics of the Dec-2022 release, in dB.
mean = dict(HH=-14.508255, HV=-24.701205)
std = dict(HH=5.659746, HV=4.746759)

train_pipeline = [
    dict(type='CropScene', size=384, min_valid=0.3, label_tasks=tasks),
    # As published, though it swaps near and far range; vertical does not.
    dict(type='FlipScene', horizontal=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
test_pipeline = [
    dict(type='LoadScene', label_spacing=80),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='mmseaice.stack_collate'),
    sampler=dict(type='BalancedSampler', key='spacing'),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/ai4arctic/train.zarr',
        split=f'{data_root}/ai4arctic/splits/train.txt',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmengine.DefaultSampler', shuffle=False),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/ai4arctic/train.zarr',
        split=f'{data_root}/ai4arctic/splits/val.txt',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type='mmengine.DefaultSampler', shuffle=False),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/ai4arctic/test.zarr',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='AutoICEMetric', tasks=tasks)
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
