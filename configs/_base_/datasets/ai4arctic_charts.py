"""AI4Arctic scenes with their charts: crops to train, whole scenes to score.

Scores are those of the AutoICE challenge: predictions return to the 80 m
grid of the charts, whatever spacing the model works at.
"""

data_root = '{{$MMSEAICE_DATA:data}}'
channels = ['HH', 'HV']
tasks = ['SIC', 'SOD', 'FLOE']
# Mean and standard deviation in the units of each channel: those published
# with the Dec-2022 release; of latitude, longitude and month those of the
# challenge's winner, whose months begin at 0. Channels that a data set does
# not name play no part.
statistics = dict(
    HH=(-14.508255, 5.659746),
    HV=(-24.701205, 4.746759),
    incidence_angle=(33.998018, 8.322267),
    distance_zone=(23.627670, 14.990186),
    btemp_6_9h=(148.846980, 61.648469),
    btemp_6_9v=(203.519445, 38.666432),
    btemp_7_3h=(149.898965, 61.675445),
    btemp_7_3v=(204.205340, 38.666220),
    btemp_10_7h=(153.891692, 60.875250),
    btemp_10_7v=(208.904087, 36.244959),
    btemp_18_7h=(165.680262, 52.617873),
    btemp_18_7v=(218.586834, 28.060390),
    btemp_23_8h=(182.208937, 42.887162),
    btemp_23_8v=(226.396467, 22.117582),
    btemp_36_5h=(185.194724, 38.644438),
    btemp_36_5v=(228.205902, 17.652645),
    btemp_89_0h=(212.537458, 22.584971),
    btemp_89_0v=(241.257479, 16.310962),
    u10m_rotated=(0.674799, 4.749647),
    v10m_rotated=(0.607557, 5.196105),
    t2m=(268.626549, 9.469171),
    skt=(268.910152, 10.305256),
    tcwv=(7.747742, 5.268575),
    tclw=(0.041246, 0.071128),
    latitude=(69.12526, 7.03180),
    longitude=(-56.38966, 31.32936),
    longitude_sin=(0.0, 1.0),
    longitude_cos=(0.0, 1.0),
    month=(7.0, 3.245930),
    season_sin=(0.0, 1.0),
    season_cos=(0.0, 1.0),
)
mean = {name: pair[0] for name, pair in statistics.items()}
std = {name: pair[1] for name, pair in statistics.items()}
del statistics

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
