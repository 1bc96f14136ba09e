"""The U-Net that won the AutoICE challenge, by its published settings.

Chen et al. 2024, The Cryosphere 18, 1621: SAR, AMSR2, weather, time and
place at 800 m, with the augmentations below. Ours differ from their code in:

- pixels are area means of 10 x 10, charts majorities, not every tenth pixel;
  2 km fields are interpolated at the pixel's place;
- means and deviations are those of the Dec-2022 release, and values are
  clipped at 5 deviations; a missing value is the mean;
- scenes come in turn, not by lot, and predictions return to 80 m by
  interpolated probabilities, not nearest classes;
- a flip turns the wind with the picture; a rotation does in neither;
- a crop that is not zoomed stays as it is (theirs is magnified by 1.1), and
  the network interpolates between the centres of pixels, not their corners;
- the best checkpoint is looked for every fifth epoch of theirs.

It needs stores with these channels and spacings, built in place of those of
the README, or beside them and named by `*_dataloader.dataset.store`:

    python tools/data/build_store.py data/ai4arctic/train \
        data/ai4arctic/train.zarr --spacings 80 200 800 --workers 4 \
        --channels HH HV incidence_angle distance_zone btemp_18_7h \
        btemp_18_7v btemp_36_5h btemp_36_5v u10m_rotated v10m_rotated t2m \
        tcwv tclw
"""

_base_ = [
    '../_base_/models/multitask_unet.py',
    '../_base_/datasets/ai4arctic_charts.py',
    '../_base_/default_runtime.py',
]

channels = [
    *('HH', 'HV', 'incidence_angle', 'distance_zone'),
    *('btemp_18_7h', 'btemp_18_7v', 'btemp_36_5h', 'btemp_36_5v'),
    *('u10m_rotated', 'v10m_rotated', 't2m', 'tcwv', 'tclw'),
    *('month', 'latitude', 'longitude'),
]
head = dict(in_channels=32, channels=32)
model = dict(
    data_preprocessor=dict(
        batch_augments=[dict(type='CutMixScenes', prob=0.5, alpha=1.0)]
    ),
    # Four levels of filters and a bridge as wide as the last of them.
    backbone=dict(in_channels=16, widths=[32, 32, 64, 64, 64]),
    heads=dict(SIC=dict(value_range=None, **head), SOD=head, FLOE=head),
    # A scene has some 500 x 520 pixels.
    test_cfg=dict(_delete_=True, mode='whole'),
)

train_pipeline = [
    # Content with a single label, as they are.
    dict(type='CropScene', size=256, min_valid=0.0, label_tasks=_base_.tasks),
    dict(type='FlipScene', horizontal=0.5, vertical=0.5),
    dict(type='WarpScene', rotation=90.0, scale=(0.9, 1.1), prob=0.5),
    dict(type='NormaliseScene', mean=_base_.mean, std=_base_.std),
    dict(type='PackScene'),
]
scenes = dict(channels=channels, spacings=[800])
train_dataloader = dict(dataset=dict(pipeline=train_pipeline, **scenes))
val_dataloader = dict(dataset=scenes)
test_dataloader = dict(dataset=scenes)

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.01),
)
# They count in epochs of 500 iterations: 300 of them, a restart every 20.
param_scheduler = [
    dict(
        type='CosineRestartLR',
        periods=[10000] * 15,
        restart_weights=[1.0] * 15,
        eta_min=0.0,
        by_epoch=False,
    )
]
# They validate every 500 iterations. Whole scenes on their 80 m grid take
# as long as that, so this is every 2 500, the end of each cycle among them.
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=150000, val_interval=2500
)
default_hooks = dict(
    checkpoint=dict(save_best='AutoICE/combined', rule='greater')
)
