import copy
import pickle
from itertools import islice

import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmseaice.charts import TASKS
from mmseaice.datasets import AI4ArcticDataset, BalancedSampler
from mmseaice.datasets.transforms import (
    CropScene,
    FlipScene,
    LoadScene,
    NormaliseScene,
    PackScene,
)
from mmseaice.engine import parity_differences
from mmseaice.errors import (
    DatasetError,
    EmptyChartError,
    EmptySceneError,
    MissingChannelError,
    ReleaseError,
)

STEPS = [
    CropScene(16),
    FlipScene(0.5, 0.5),
    NormaliseScene({'HH': 0, 'HV': 0}, {'HH': 1e4, 'HV': 1e4}),
    PackScene(),
]
IDS = ('20180607T184326_dmi', '20190430T101830_cis')


@pytest.fixture
def scenes(fake_scene, serve):
    scenes = [fake_scene((40, 60), name) for name in IDS]
    serve(*scenes)
    return scenes


def build(**arguments):
    return AI4ArcticDataset('store', **{'tasks': ('SIC', 'SOD')} | arguments)


@pytest.fixture
def log(listen):
    from mmengine.logging import MMLogger

    return listen(MMLogger.get_current_instance())


def test_records_are_scenes_times_spacings(scenes):
    data = build(spacings=(80, 160))
    assert len(data) == 4
    records = [data.get_data_info(i) for i in range(4)]
    assert [(r['scene_id'], r['spacing']) for r in records] == [
        (name, spacing) for spacing in (80, 160) for name in IDS
    ]
    assert not any(scene.reads for scene in scenes)


def test_single_values_need_no_list(scenes):
    data = build(tasks='SIC', channels='HV', spacings=160)
    assert (data.tasks, data.channels) == (('SIC',), ('HV',))
    assert data.get_data_info(0)['spacing'] == 160


def test_splits(scenes, tmp_path):
    assert len(build(split=[IDS[1]])) == 1
    path = tmp_path / 'val.txt'
    path.write_text(f'{IDS[0]}\n')
    data = build(split=str(path))
    assert data.get_data_info(0)['scene_id'] == IDS[0]
    absent = IDS[1][:-3] + 'dmi'
    with pytest.raises(DatasetError, match=f'nearest.*{IDS[1]}'):
        build(split=[absent])
    # As a scene that was withdrawn since its list was published.
    data = build(split=[absent, IDS[0]], on_error='skip')
    assert [data.get_data_info(i)['scene_id'] for i in range(len(data))] == [
        IDS[0]
    ]


@pytest.mark.parametrize(
    ('asked', 'error', 'said'),
    [
        ({'channels': ['HH', 'btemp_18_7h']}, MissingChannelError, 'btemp'),
        ({'tasks': ['FLOE']}, DatasetError, 'task FLOE'),
        ({'spacings': [80, 200]}, DatasetError, 'pixel spacing 200'),
        ({'pipeline': [LoadScene(40)]}, DatasetError, 'pixel spacing 40'),
        ({'tasks': ['ICE']}, ValueError, 'task must be one of'),
        ({'on_error': 'ignore'}, ValueError, 'on_error must be'),
        ({'spacings': []}, ValueError, 'must not be empty'),
        ({'split': []}, DatasetError, 'none left'),
    ],
)
def test_what_the_store_lacks_stops_at_construction(
    scenes, asked, error, said
):
    with pytest.raises(error, match=said):
        build(**asked)


@pytest.mark.parametrize(
    ('fault', 'error'),
    [({'blank': 1}, EmptySceneError), ({'unlabelled': 1}, EmptyChartError)],
)
def test_empty_scenes_stop_or_are_skipped(
    fake_scene, serve, log, fault, error
):
    serve(fake_scene((40, 60), 'good'), fake_scene((40, 60), 'bad', **fault))
    with pytest.raises(error, match='scene bad'):
        build()
    data = build(on_error='skip')
    assert len(data) == 1
    assert any('Skipped' in line and 'scene bad' in line for line in log)
    if error is EmptyChartError:
        assert len(build(require_labels=False)) == 2
        assert len(build(tasks=())) == 2


def test_one_labelled_task_is_enough(fake_scene, serve):
    scene = fake_scene((40, 60))
    scene.attrs['labelled_share']['SOD'] = 0
    serve(scene)
    assert len(build()) == 1
    with pytest.raises(EmptyChartError, match='SOD'):
        build(tasks=['SOD'])


def test_releases_do_not_mix_unless_asked(fake_scene, serve):
    serve(
        fake_scene((40, 60), 'a', release='Oct-2022'),
        fake_scene((40, 60), 'b', release='Dec-2022'),
    )
    with pytest.raises(ReleaseError, match=r'Dec-2022 \(b\).*Oct-2022 \(a\)'):
        build()
    parity = build(allow_mixed_releases=True).metainfo['parity']
    assert parity['release'] == ['Dec-2022', 'Oct-2022']


def test_small_scenes_are_announced_once(fake_scene, serve, log):
    serve(fake_scene((40, 60), 'a'), fake_scene((10, 60), 'b'))
    data = build(pipeline=STEPS)
    assert data[1]['inputs'].shape == (2, 16, 16)
    said = [line for line in log if 'smaller than the crop' in line]
    assert len(said) == 1
    assert '1 of 2 records' in said[0]
    assert '10 x 60' in said[0]


def test_metainfo(scenes):
    info = build(pipeline=STEPS, spacings=(160, 80)).metainfo
    assert info['tasks'] == ('SIC', 'SOD')
    assert info['classes']['SOD'] == TASKS['SOD'].classes
    assert info['palette']['SIC'] == TASKS['SIC'].palette
    parity = info['parity']
    assert parity['spacings'] == [80, 160]
    assert parity['channels'] == ['HH', 'HV']
    assert parity['units'] == ['dB', 'dB']
    assert parity['std'] == [1e4, 1e4]
    assert parity['clip'] == [-5, 5]
    assert parity['fill'] == 0
    assert parity['mask'] == 'chart'
    assert parity['resampler'] == 'ready+area'
    assert parity['chart_resampling'] == 'majority'
    assert parity['label_rule'] == 'autoice 0.65/0.65'


def test_a_subset_of_the_spacings_is_prepared_alike(scenes, monkeypatch):
    store = type(build()._scenes)
    monkeypatch.setattr(store, 'spacings', (40, 80, 160))
    records = [
        build(spacings=spacings).metainfo['parity']
        for spacings in ((80, 160), (40, 160), (80,), (40,))
    ]
    trained = records[1] | {'spacings': [40, 80, 160]}
    assert [parity_differences(trained, data) for data in records] == [[]] * 4


def test_statistics_must_cover_the_channels(scenes):
    with pytest.raises(MissingChannelError, match="channel 'HV'"):
        build(pipeline=[NormaliseScene({'HH': 0}, {'HH': 1})])


def load(workers, skip=0, batches=6):
    """Batches of image, label and record, drawn in training."""
    data = build(pipeline=STEPS, spacings=(80, 160))
    sampler = BalancedSampler(data, seed=7)
    sampler.skip(skip)
    loader = DataLoader(
        data,
        2,
        sampler=sampler,
        num_workers=workers,
        collate_fn=pseudo_collate,
    )
    batches = list(islice(loader, batches))
    images = torch.stack([x for b in batches for x in b['inputs']])
    samples = [s for b in batches for s in b['data_samples']]
    labels = torch.stack([sample.get_gt('SIC') for sample in samples])
    return images, labels, [(s.scene_id, s.window) for s in samples]


def test_neither_workers_nor_a_resume_change_the_draws(scenes):
    images, labels, places = load(workers=0)
    for start, again in ((0, load(workers=2)), (4, load(2, 4, 4))):
        assert torch.equal(again[0], images[start:])
        assert torch.equal(again[1], labels[start:])
        assert again[2] == places[start:]
    assert len(set(places)) > 8


def test_labels_follow_their_pixels_through_everything(scenes):
    images, labels, _ = load(workers=0)
    place = (images[:, 0] * 1e4).round()
    wanted = (place // 1000 + place % 1000) % 11
    assert torch.equal(labels[:, 0].float(), wanted)


def test_test_mode_draws_the_same_for_ever(scenes):
    data = build(pipeline=STEPS, test_mode=True)
    assert torch.equal(data[1]['inputs'], data[1]['inputs'])
    data = build(pipeline=STEPS)
    draws = {data[1]['data_samples'].window for _ in range(9)}
    assert len(draws) > 1


def test_copies_give_the_same_samples(scenes):
    data = build(pipeline=STEPS, test_mode=True)
    wanted = data[0]['inputs']
    for copied in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        assert torch.equal(copied[0]['inputs'], wanted)
    assert len(data.get_subset([1])) == 1


def test_evaluation_at_80_m(scenes):
    steps = [LoadScene(80), *STEPS[2:3], PackScene()]
    data = build(pipeline=steps, spacings=(160,), test_mode=True)
    packed = data[0]
    assert packed['inputs'].shape == (2, 20, 30)
    assert packed['data_samples'].get_gt('SOD').shape == (1, 40, 60)
    assert packed['inputs'].isfinite().all()


def test_everything_is_in_the_registries(scenes):
    from mmengine.registry import DefaultScope

    from mmseaice.registry import DATA_SAMPLERS, DATASETS

    with DefaultScope.overwrite_default_scope('mmseaice'):
        data = DATASETS.build(
            {
                'type': 'AI4ArcticDataset',
                'store': 'store',
                'tasks': ['SIC'],
                'pipeline': [
                    {'type': 'CropScene', 'size': 8},
                    {
                        'type': 'NormaliseScene',
                        'mean': {'HH': 0, 'HV': 0},
                        'std': {'HH': 1, 'HV': 1},
                    },
                    {'type': 'PackScene'},
                ],
            }
        )
        sampler = {'type': 'BalancedSampler', 'dataset': data, 'seed': 1}
        draw = next(iter(DATA_SAMPLERS.build(sampler)))
    assert data[draw]['inputs'].shape == (2, 8, 8)
