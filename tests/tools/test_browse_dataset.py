"""browse_dataset.py: what is shown is what a run would see."""

import csv
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from mmseaice.testing import config_root

TOOL = 'analysis/browse_dataset.py'
CHARTS = 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
SCENES = 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
PATCHES = 'downstream/patch_vit-tiny-p8-linear_20e_polar-patch.py'
UNLABELLED = 'pretraining/mae_vit-tiny-p8_100e_polar-patch.py'
NORMALISE = 'train_dataloader.dataset.pipeline.2'


@pytest.fixture
def browse(load_tool, demo_data, monkeypatch, tmp_path):
    """Run the tool in this process; returns the folder of the pictures."""
    monkeypatch.setenv('MMSEAICE_DATA', str(demo_data))
    main = load_tool(TOOL)['main']

    def _browse(config, *args):
        out = tmp_path / 'out'
        main([str(config_root() / config), '--out', str(out), *args])
        return out

    return _browse


@pytest.fixture
def shown(monkeypatch):
    """What would have been drawn: one dictionary of arguments each."""
    samples = []

    def draw(image, scales, out, **others):
        samples.append(dict(image=image, scales=scales, out=out, **others))

    monkeypatch.setattr('mmseaice.visualization.draw_sample_figure', draw)
    return samples


@pytest.fixture
def patches(tmp_path):
    """A collection of polar patches of random pixels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 255, (4, 2, 64, 64), np.uint8)
    pixels[:, :, :8] = 0
    np.savez(tmp_path / 'patches_hh_hv.npz', x=pixels, id=np.arange(4))
    with open(tmp_path / 'meta.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        columns = 'id scene label_raw label_repaired clean split'
        writer.writerow(columns.split())
        for number, letter in enumerate('WIIL'):
            writer.writerow([number, 7, letter, letter, 1, 'train'])
    return tmp_path


def table(said):
    """Cells of the printed table by channel."""
    _, rows = said.split('clipped\n')
    rows = rows.replace(',', '').splitlines()[:-1]
    return {row.split()[0]: row.split()[1:] for row in rows}


def test_pictures_and_table_of_a_finetuning(browse, capsys):
    out = browse(CHARTS, '--count', '2')
    pictures = sorted(out.iterdir())
    assert [path.name[:4] for path in pictures] == ['000_', '001_']
    assert all(path.name.endswith('_200m.png') for path in pictures)
    assert imread(pictures[0]).shape[1] > 1500
    said = capsys.readouterr().out
    assert list(table(said)) == ['HH', 'HV', 'incidence_angle']
    assert said.endswith(f'\n2 pictures: {out}\n')


def test_samples_are_the_first_of_a_run(browse, shown, capsys):
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    from mmseaice.datasets import BalancedSampler
    from mmseaice.registry import DATASETS

    browse(SCENES, '--count', '6')
    cfg = Config.fromfile(config_root() / SCENES)
    init_default_scope('mmseaice')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    sampler = BalancedSampler(dataset, seed=cfg.randomness.seed)
    pooled = []
    for sample, draw in zip(shown, sampler, strict=False):
        packed = dataset[draw]
        valid = packed['data_samples'].get_valid()[0].numpy()
        np.testing.assert_array_equal(sample['image'], packed['inputs'])
        np.testing.assert_array_equal(sample['valid'], valid)
        assert not sample['charts']
        pooled.append(sample['image'][0][valid])
    spacings = [sample['out'].stem.split('_')[-1] for sample in shown]
    assert sorted(spacings) == ['160m', '160m', '200m', '200m', '240m', '240m']
    count, mean, std, *_ = table(capsys.readouterr().out)['HH']
    pooled = np.concatenate(pooled)
    assert int(count) == len(pooled)
    assert float(mean) == pytest.approx(pooled.mean(), abs=6e-4)
    assert float(std) == pytest.approx(pooled.std(), abs=6e-4)


def test_place_and_title_follow_the_window(browse, shown):
    browse(CHARTS, '--count', '1')
    (sample,) = shown
    place = sample['place']
    # 210 x 230 pixels of 80 m, in whole cells of 240 m.
    assert place.extent == pytest.approx((16.8, 18.24))
    assert place.image.shape == (70, 76)
    assert place.window[2:] == pytest.approx((12.8, 12.8))
    first, second = sample['title'].splitlines()
    assert first.endswith('_dmi, 200 m')
    line = round(place.window[0] / 0.2)
    assert f'64 x 64 pixels, lines {line} to {line + 63}' in second
    assert f'{100 * sample["valid"].mean():.1f} % valid' in second


def test_whole_scenes_of_a_test_with_finer_charts(browse, shown):
    browse(CHARTS, '--split-loader', 'test', '--count', '5')
    assert len(shown) == 2
    assert {sample['image'].shape for sample in shown} == {(3, 84, 92)}
    assert {chart.shape for chart in shown[0]['charts'].values()} == {
        (210, 230)
    }
    assert shown[0]['place'].window == pytest.approx((0, 0, 16.8, 18.4))


def test_same_seed_same_samples(browse, shown):
    for seed in ('3', '3', '4'):
        browse(CHARTS, '--count', '1', '--seed', seed)
    first, again, other = (sample['image'] for sample in shown)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_scales_undo_the_normalisation(browse, shown):
    browse(CHARTS, '--count', '1')
    (sample,) = shown
    hh, _, angle = sample['scales']
    assert (hh.units, angle.units) == ('dB', 'degree')
    valid = sample['valid']
    decibels = hh.to_units(sample['image'][0][valid])
    degrees = angle.to_units(sample['image'][2][valid])
    assert -25.01 < decibels.min() < decibels.max() < 0.01
    assert 19.99 < degrees.min() < degrees.max() < 46.01


@pytest.mark.parametrize(
    ('option', 'said'),
    [
        ('mean.HH=14.5', 'Warning: HH has mean -4.'),
        ('std.HH=0.1', 'Warning: HH is clipped in 9'),
        ('std.HH=500', 'Warning: HH hardly varies'),
    ],
)
def test_wrong_normalisation_is_told(browse, shown, capsys, option, said):
    browse(
        *(CHARTS, '--count', '2', '--cfg-options', f'{NORMALISE}.{option}'),
    )
    errors = capsys.readouterr().err
    assert said in errors
    assert 'Warning: HV' not in errors
    assert 'compute_statistics.py' in errors


def test_right_normalisation_is_not_doubted(browse, shown, capsys):
    browse(CHARTS, '--count', '3')
    assert 'Warning' not in capsys.readouterr().err


def test_patches_have_a_label_and_no_place(browse, shown, patches):
    browse(
        *(PATCHES, '--count', '9', '--cfg-options'),
        f'train_dataloader.dataset.data_root={patches}',
    )
    assert len(shown) == 4
    for sample in shown:
        assert sample['place'] is None
        assert sample['valid'] is None
        assert sample['scales'][0].units == 'log grey value, 0 to 1'
    labels = [sample['title'].split('label: ')[1][:3] for sample in shown]
    assert sorted(labels) == ['ice', 'ice', 'lan', 'wat']


def test_patches_without_labels_keep_their_validity(browse, shown, patches):
    browse(
        *(UNLABELLED, '--count', '1', '--cfg-options'),
        f'train_dataloader.dataset.data_root={patches}',
    )
    (sample,) = shown
    assert sample['valid'].mean() == 56 / 64
    assert 'label' not in sample['title']


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (
            [
                *('--split-loader', 'val'),
                *('--cfg-options', 'val_dataloader=None'),
            ],
            r'expected a val_dataloader with a data set.*train or test',
        ),
        (
            ['--cfg-options', 'train_dataloader.dataset.store=no/a.zarr'],
            r'StoreError: no/a\.zarr',
        ),
        (
            ['--cfg-options', 'train_dataloader.dataset.pipeline=[]'],
            r'expected inputs and data_samples at its end',
        ),
    ],
)
def test_mistakes_end_in_one_message(browse, shown, args, said):
    with pytest.raises(SystemExit, match=said):
        browse(CHARTS, *args)
    assert not shown


def test_help_answers_before_torch_is_imported(root):
    script = f"""
import runpy, sys
sys.argv = ['tool', '--help']
try:
    runpy.run_path('tools/{TOOL}', run_name='__main__')
except SystemExit as end:
    assert not end.code
assert not {{'zarr', 'torch'}} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, '-c', script],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert '--split-loader' in done.stdout
