"""Real Sentinel-1 patches of water, ice and land off East Greenland.

64 px at 40 m, HH and HV, scaled to 8 bit by their makers, so without a
physical unit. The statistics are those of the valid pixels of all train
scenes after ``ScalePatch(mode='log')``. Scenes never mix between
splits.
"""

data_root = '{{$MMSEAICE_SHARED_DATA:../shared/data}}/polar_patch'
mean = dict(HH=0.685096, HV=0.614174)
std = dict(HH=0.188576, HV=0.162517)

train_pipeline = [
    dict(type='ScalePatch', mode='log'),
    dict(type='FlipScene', horizontal=0.5, vertical=0.5, transpose=0.5),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackPatch'),
]
test_pipeline = [
    dict(type='ScalePatch', mode='log'),
    dict(type='NormaliseScene', mean=mean, std=std),
    dict(type='PackPatch'),
]
train_dataloader = dict(
    batch_size=128,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='mmseaice.stack_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        type='PolarPatchDataset',
        data_root=data_root,
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='mmengine.DefaultSampler', shuffle=False),
    dataset=dict(
        type='PolarPatchDataset',
        data_root=data_root,
        split='val',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
val_evaluator = [
    dict(type='mmpretrain.Accuracy'),
    dict(type='mmpretrain.SingleLabelMetric'),
]
val_cfg = dict(type='ValLoop')
