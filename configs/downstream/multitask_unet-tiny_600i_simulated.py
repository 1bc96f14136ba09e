"""A small U-Net that learns from charts by pixels, by polygons, or by both.

It is trained on raw simulated scenes and scored on the truth of every pixel.
How to make the data stands in downstream/jobs/label_noise.txt; options there
switch either kind of loss off.
"""

_base_ = [
    '../_base_/models/multitask_unet.py',
    '../_base_/datasets/simulated_charts.py',
    '../_base_/schedules/finetuning_30ki.py',
    '../_base_/default_runtime.py',
]

head = dict(in_channels=8, channels=8)
# Weights as those of the losses by pixel; that of SIC is ten times larger, as
# polygons count in shares and pixels in tenths. A polygon counts from 41 km2
# on, a sixteenth of a crop.
polygon = dict(type='PolygonLoss', min_pixels=1024)
model = dict(
    backbone=dict(
        in_channels=3,
        widths=[8, 16, 32, 64, 64],
        norm_cfg=dict(type='GN', num_groups=4),
    ),
    heads=dict(SIC=head, SOD=head, FLOE=head),
    task_losses=dict(
        SIC=dict(
            tasks=['SIC'],
            loss_weight=10.0,
            loss_name='loss_polygon_SIC',
            **polygon,
        ),
        SOD=dict(
            tasks=['SOD'],
            loss_weight=3.0,
            loss_name='loss_polygon_SOD',
            **polygon,
        ),
        FLOE=dict(
            tasks=['FLOE'],
            loss_weight=3.0,
            loss_name='loss_polygon_FLOE',
            **polygon,
        ),
    ),
    # Windows of the size of a crop, as GroupNorm takes means over them.
    test_cfg=dict(crop_size=(128, 128), stride=(64, 64)),
)

data_root = '{{$MMSEAICE_DATA:data}}/label_noise'
tasks = ['SIC', 'SOD', 'FLOE']
mean = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
std = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)
train_pipeline = [
    dict(type='CropScene', size=128, min_valid=0.3, label_tasks=tasks),
    dict(type='FlipScene', horizontal=0.5, vertical=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackScene'),
]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        store=f'{data_root}/train.zarr',
        split=f'{data_root}/splits/train.txt',
        polygons=True,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        store=f'{data_root}/train.zarr', split=f'{data_root}/splits/val.txt'
    )
)
test_dataloader = dict(dataset=dict(store=f'{data_root}/test.zarr'))

optim_wrapper = dict(optimizer=dict(lr=1e-2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=600),
]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
