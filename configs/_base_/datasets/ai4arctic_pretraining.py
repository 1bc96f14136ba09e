"""AI4Arctic scenes without labels: crops at every spacing, equally often."""

data_root = '{{$MMSEAICE_DATA:data}}'
channels = ['HH', 'HV']
# Published statistics of the Dec-2022 release, in dB.
mean = dict(HH=-14.508255, HV=-24.701205)
std = dict(HH=5.659746, HV=4.746759)

train_pipeline = [
    dict(type='CropScene', size=384, min_valid=0.5),
    # As published, though it swaps near and far range; vertical does not.
    dict(type='FlipScene', horizontal=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='mmseaice.stack_collate'),
    sampler=dict(type='BalancedSampler', key='spacing'),
    dataset=dict(
        type='AI4ArcticDataset',
        store=f'{data_root}/ai4arctic/train.zarr',
        split=f'{data_root}/ai4arctic/splits/train.txt',
        channels=channels,
        spacings=[80, 120, 160, 200, 240, 280, 320, 360, 400],
        pipeline=train_pipeline,
    ),
)
