"""Simulated scenes as `make demo` writes them, without their labels."""

data_root = '{{$MMSEAICE_DATA:data}}'
channels = ['HH', 'HV', 'incidence_angle']
# Published statistics of the Dec-2022 release, in dB and degrees.
mean = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
std = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)

train_pipeline = [
    dict(type='CropScene', size=64, min_valid=0.5),
    dict(type='FlipScene', horizontal=0.5, vertical=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='mmseaice.stack_collate'),
    sampler=dict(type='BalancedSampler', key='spacing'),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/demo/train.zarr',
        split=f'{data_root}/demo/splits/train.txt',
        channels=channels,
        spacings=[160, 200, 240],
        pipeline=train_pipeline,
    ),
)
