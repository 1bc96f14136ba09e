"""Simulated scenes as `make demo` writes them, for runs of minutes on a CPU.

The same scenes serve pre-training and charting; a recipe picks its part.
"""

data_root = '{{$MMSEAICE_DATA:data}}'
channels = ['HH', 'HV']
tasks = ['SIC', 'SOD', 'FLOE']
# Published statistics of the Dec-2022 release, in dB.
mean = dict(HH=-14.508255, HV=-24.701205)
std = dict(HH=5.659746, HV=4.746759)

pretraining_pipeline = [
    dict(type='CropScene', size=64, min_valid=0.5),
    dict(type='FlipScene', horizontal=0.5, vertical=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
finetuning_pipeline = [
    dict(type='CropScene', size=64, min_valid=0.3, label_tasks=tasks),
    dict(type='FlipScene', horizontal=0.5, vertical=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
test_pipeline = [
    dict(type='LoadScene', label_spacing=80),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
pretraining_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='BalancedSampler', key='spacing'),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/demo/train.zarr',
        channels=channels,
        spacings=[160, 200, 240],
        pipeline=pretraining_pipeline,
    ),
)
finetuning_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='BalancedSampler', key='spacing'),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/demo/train.zarr',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=finetuning_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='mmengine.DefaultSampler', shuffle=False),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/demo/test.zarr',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_evaluator = dict(type='AutoICEMetric', tasks=tasks)
