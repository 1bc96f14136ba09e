"""Simulated scenes as `make demo` writes them, with their charts.

Crops to train, whole scenes to score on the 80 m grid of the charts.
"""

data_root = '{{$MMSEAICE_DATA:data}}'
channels = ['HH', 'HV', 'incidence_angle']
tasks = ['SIC', 'SOD', 'FLOE']
# Published statistics of the Dec-2022 release, in dB and degrees.
mean = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
std = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)

train_pipeline = [
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
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='mmseaice.stack_collate'),
    sampler=dict(type='BalancedSampler', key='spacing'),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/demo/train.zarr',
        split=f'{data_root}/demo/splits/train.txt',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='mmengine.DefaultSampler', shuffle=False),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/demo/train.zarr',
        split=f'{data_root}/demo/splits/val.txt',
        channels=channels,
        tasks=tasks,
        spacings=[200],
        pipeline=test_pipeline,
        test_mode=True,
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
val_evaluator = dict(type='AutoICEMetric', tasks=tasks)
val_cfg = dict(type='ValLoop')
test_evaluator = dict(type='AutoICEMetric', tasks=tasks)
test_cfg = dict(type='TestLoop')
