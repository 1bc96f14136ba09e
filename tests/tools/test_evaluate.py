"""evaluate.py: predictions in files against references in files."""

import csv
import json
import shutil

import numpy as np
import pytest

from mmseaice.charts import TASKS
from mmseaice.evaluation.functional import autoice_scores
from mmseaice.scenes import open_scene
from mmseaice.scenes.products.autoice import write_upload_package
from mmseaice.scenes.products.netcdf import write_netcdf
from mmseaice.scenes.simulator import write_scenes
from mmseaice.testing import make_charted

pytestmark = pytest.mark.filterwarnings('ignore:.*the challenge')


@pytest.fixture(scope='module')
def references(tmp_path_factory):
    """Three test scenes with the references beside them."""
    out = tmp_path_factory.mktemp('scenes')
    write_scenes(
        out, 3, lines=600, samples=700, kind='ready', seed=3, test_scenes=3
    )
    return out


def predict(references, seed, right):
    """Charts that are right in a share of the pixels."""
    rng = np.random.default_rng(seed)
    for path in sorted(references.rglob('*_prep.nc')):
        scene = open_scene(path)
        charted = make_charted(*scene['SIC'].shape)
        for name, task in TASKS.items():
            shape = scene[name].shape
            other = rng.integers(0, task.num_classes, shape)
            keep = (rng.random(shape) < right) & (scene[name].values != 255)
            chart = np.where(keep, scene[name].values, other)
            charted[name] = charted[name].dims, chart.astype(np.uint8)
        charted['SIC'] = (charted['SIC'] + 0.3).clip(0, 10).astype(np.float32)
        yield charted.assign_attrs(scene_id=scene.attrs['scene_id'])


@pytest.fixture(scope='module')
def predictions(references, tmp_path_factory):
    """A package of a good model, one of a bad one."""
    out = tmp_path_factory.mktemp('predictions')
    return {
        name: write_upload_package(
            predict(references, seed, right), out / name / 'upload_package.nc'
        )
        for seed, (name, right) in enumerate({'good': 0.9, 'bad': 0.4}.items())
    }


@pytest.fixture(scope='module')
def evaluate(load_tool):
    main = load_tool('evaluate.py')['main']
    return lambda *args: main([*map(str, args)])


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_report(evaluate, references, predictions, tmp_path, capsys):
    out = tmp_path / 'out'
    evaluate(
        *(predictions['good'], references, '--compare', predictions['bad']),
        *('--out', out, '--draws', 50),
    )
    said = capsys.readouterr().out
    report = json.loads((out / 'metrics.json').read_text())
    truth, charts = {}, {}
    scenes = [open_scene(p) for p in sorted(references.rglob('*_prep.nc'))]
    charted = list(predict(references, 0, 0.9))
    for name in TASKS:
        truth[name] = [scene[name].values for scene in scenes]
        charts[name] = [np.rint(scene[name].values) for scene in charted]
    wanted = autoice_scores(truth, charts)
    assert report['scores']['combined'] == wanted['combined']
    values = {row['score']: row['value'] for row in report['intervals']}
    assert values == wanted
    assert f'combined {wanted["combined"]:.3f}' in said
    # The comparison is stated in a sentence, and the last lines say where.
    assert len(report['statements']) == 4
    assert all(line in said for line in report['statements'])
    assert 'are too few to separate' in report['statements'][-1]
    names = 'scores groups ice_edge consistency comparison per_class per_scene'
    for name in names.split():
        assert rows_of(out / f'{name}.csv'), name
        assert str(out / f'{name}.csv') in said
    plots = [line.split()[-1] for line in said.splitlines() if 'Plot:' in line]
    assert sorted(plots) == sorted(map(str, out.glob('*.png')))
    assert len(plots) == len(TASKS)
    kinds = {row['kind'] for row in rows_of(out / 'groups.csv')}
    assert kinds == {'service', 'season', 'month', 'region', 'distance'}
    labelled = sum(int((chart != 255).sum()) for chart in truth['SOD'])
    for kind in kinds:
        rows = [r for r in report['groups'] if r['kind'] == kind]
        assert sum(row['SOD.pixels'] for row in rows) == labelled
    assert report['ice_edge']['error_km2'] > 0
    assert report['consistency'][-1]['check'] == 'any'
    assert 0 < report['consistency'][-1]['percent'] < 100
    assert (report['seed'], report['draws']) == (0, 50)


def test_products_score_like_the_package(
    evaluate, references, predictions, tmp_path, capsys
):
    folder = tmp_path / 'products'
    for charted in predict(references, 0, 0.9):
        write_netcdf(charted, folder / f'{charted.attrs["scene_id"]}.nc')
    said = []
    for source in (folder, predictions['good']):
        evaluate(source, references, '--draws', 5)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert 'combined' in said[0]


def test_references_alone_have_no_distance(
    evaluate, references, predictions, tmp_path, capsys
):
    for path in references.rglob('*_prep_reference.nc'):
        shutil.copy(path, tmp_path)
    evaluate(predictions['good'], tmp_path, '--draws', 5)
    said = capsys.readouterr().out
    assert 'No distance to land' in said
    assert 'region' in said
    assert said.rstrip().endswith('keeps metrics.json and the tables.')


def test_a_list_chooses_scenes(
    evaluate, references, predictions, tmp_path, capsys
):
    names = sorted(
        path.name.removesuffix('_prep.nc')
        for path in references.rglob('*_prep.nc')
    )
    (tmp_path / 'list.txt').write_text('\n'.join(names[:2]))
    options = ('--draws', 5, '--scenes', tmp_path / 'list.txt')
    evaluate(predictions['good'], references, *options)
    assert 'draws of 2 scenes' in capsys.readouterr().out


def test_mistakes_end_in_one_message(
    evaluate, references, predictions, tmp_path
):
    one, *rest = predict(references, 0, 0.9)
    extra = one.assign_attrs(scene_id='20200101T000000_dmi')
    hole = one.copy(deep=True)
    hole['SOD'][:] = 255
    for scenes, said in (
        ([one, *rest[1:]], 'DatasetError: scene .*expected a prediction'),
        ([one, *rest, extra], 'DatasetError: scene 2020.*expected a referen'),
        ([hole, *rest], 'PredictionError: SOD prediction of scene '),
        (
            [one.isel(y=slice(70)), *rest],
            'ValueError: .* must have the shape of the truth',
        ),
    ):
        path = write_upload_package(scenes, tmp_path / 'bad.nc')
        with pytest.raises(SystemExit, match=said):
            evaluate(path, references, '--out', tmp_path / 'out')
    with pytest.raises(SystemExit, match='Name first what was predicted'):
        evaluate(*references.rglob('*_reference.nc'), references)
    with pytest.raises(SystemExit, match=r'DatasetError: .* without any'):
        evaluate(predictions['good'], tmp_path)
    with pytest.raises(SystemExit, match=r'expected predicted ch.*noth'):
        evaluate(tmp_path / 'none', references)
    assert not (tmp_path / 'out').exists()
