"""predict.py: scenes to products, and evaluate.py on what came out."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mmseaice.scenes import scene_files
from mmseaice.scenes.charted import open_charted
from mmseaice.scenes.simulator import write_scenes
from mmseaice.testing import config_root

ROOT = Path(__file__).resolve().parents[2]
CONFIG = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two small test scenes with their references."""
    folder = tmp_path_factory.mktemp('scenes')
    write_scenes(
        folder, 2, lines=500, samples=460, kind='ready', test_scenes=2,
        specials=False, seed=5,
    )  # fmt: skip
    return folder / 'test'


@pytest.fixture(scope='module')
def predict(run_tool, finetuned):
    """Run predict.py with the model of four steps."""

    def _predict(*args, **kwargs):
        checkpoint = finetuned[0] / 'iter_4.pth'
        return run_tool('predict.py', CONFIG, checkpoint, *args, **kwargs)

    return _predict


@pytest.fixture(scope='module')
def predicted(predict, folder, tmp_path_factory):
    out = tmp_path_factory.mktemp('predicted')
    products = ('netcdf', 'geotiff', 'vector', 'quicklook', 'autoice')
    done = predict(
        folder, '--out', out, '--product', *products, '--keep-layers'
    )
    return out, done


def test_every_product_of_every_scene_is_there_and_named(predicted, folder):
    out, done = predicted
    scenes = [path.name[:19] for path in scene_files(folder)]
    assert len(scenes) == 2
    for name in scenes:
        files = {path.name for path in (out / name).iterdir()}
        ends = ('.nc', '_SIC.tif', '_SOD.tif', '.gpkg', '_quicklook.png')
        assert {f'{name}{end}' for end in ends} <= files
    assert (out / 'index.html').is_file()
    tail = done.stdout.splitlines()
    assert tail[-1] == f'Results: {out}'
    assert '2 of 2 scenes are charted.' in tail
    assert any('in the model' in line for line in tail)
    listed = [Path(line) for line in tail if line.startswith(str(out))]
    assert all(path.is_file() for path in listed)
    assert out / 'upload_package.nc' in listed


def test_scores_of_scenes_with_charts_are_told(predicted):
    out, _ = predicted
    for note in out.glob('*/products.json'):
        scores = json.loads(note.read_text())['scores']
        assert {'SIC', 'SOD', 'FLOE', 'combined'} >= scores.keys() > {'SIC'}
        page = (out / 'index.html').read_text()
        assert f'{scores["SIC"]:.2f}' in page


def test_devices_share_the_scenes(predict, folder, tmp_path):
    done = predict(
        folder, '--out', tmp_path, '--product', 'netcdf', 'quicklook',
        '--device', 'cpu', 'cpu',
    )  # fmt: skip
    assert 'Done already: 2' in done.stdout
    assert len(list(tmp_path.glob('*/*.nc'))) == 2
    assert (tmp_path / 'index.html').is_file()
    assert not list(tmp_path.glob('*/layers'))


def test_provenance_travels_into_the_product(predicted, finetuned):
    out, _ = predicted
    path = next(out.glob('*/*.nc'))
    with xr.open_dataset(path) as product:
        assert product.attrs['model'] == CONFIG.stem
        assert len(product.attrs['checkpoint_sha256']) == 64
        assert product.attrs['scene_id'] == path.stem


def test_what_is_done_is_passed_over(predict, predicted, folder):
    out, _ = predicted
    before = {p: p.stat().st_mtime_ns for p in out.glob('*/*.nc')}
    done = predict(
        folder, '--out', out, '--keep-layers', '--product',
        *('netcdf', 'geotiff', 'vector', 'quicklook', 'autoice'),
    )  # fmt: skip
    assert 'Done already: 2' in done.stdout
    assert before == {p: p.stat().st_mtime_ns for p in out.glob('*/*.nc')}


def test_evaluate_equals_test(run_tool, predict, finetuned, folder, tmp_path):
    """On the same pixels, those of a store, and to the last digit."""
    store = tmp_path / 'test.zarr'
    run_tool(
        'data/build_store.py', folder, store, '--spacings', 80, 200,
        '--channels', 'HH', 'HV', 'incidence_angle',
    )  # fmt: skip
    run_tool(
        'test.py', CONFIG, finetuned[0] / 'iter_4.pth', '--out',
        tmp_path / 'test', '--max-figures', 0, '--cfg-options',
        'test_dataloader.num_workers=0',
        f'test_dataloader.dataset.store={store}',
    )  # fmt: skip
    predict(store, '--out', tmp_path / 'out', '--product', 'autoice')
    run_tool(
        'evaluate.py', tmp_path / 'out/upload_package.nc', folder, '--out',
        tmp_path / 'evaluated',
    )  # fmt: skip
    tested, evaluated = (
        json.loads((tmp_path / name / 'metrics.json').read_text())['scores']
        for name in ('test', 'evaluated')
    )
    for name in ('SIC.r2', 'SOD.f1', 'FLOE.f1', 'combined'):
        assert evaluated[name] == tested[f'AutoICE/{name}'], name


def test_a_broken_scene_does_not_keep_others_from_it(
    predict, folder, tmp_path
):
    scenes = scene_files(folder)
    broken = tmp_path / 'broken_prep.nc'
    broken.write_bytes(scenes[0].read_bytes()[:5000])
    done = predict(
        broken, scenes[1], '--out', tmp_path / 'out', '--product', 'netcdf',
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert '1 of 2 scenes are charted.' in done.stdout
    assert 'broken_prep.nc' in done.stderr
    assert 'the same command tries again' in done.stderr
    assert 'Traceback' not in done.stderr
    assert len(list((tmp_path / 'out').glob('*/*.nc'))) == 1


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (['no.nc'], 'SceneFileError: no.nc'),
        (['no/*.nc'], 'SceneFileError: no/*.nc'),
        (['{scene}', '--flips', 'none', '--window', '32', '32',
          '--calibration', 'no.json'], 'no.json'),
    ],
)  # fmt: skip
def test_mistakes_end_in_one_message(predict, folder, tmp_path, args, said):
    scene = str(scene_files(folder)[0])
    args = [arg.replace('{scene}', scene) for arg in args]
    done = predict(*args, '--out', tmp_path, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert 'Traceback' not in done.stderr


def test_an_unknown_projection_is_named_before_the_work(
    predict, folder, tmp_path
):
    done = predict(
        scene_files(folder)[0], '--out', tmp_path, '--product', 'geotiff',
        '--crs', 'EPSG:12', check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert 'EPSG:12' in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_list_of_patterns_stands_for_its_scenes(predict, folder, tmp_path):
    names = tmp_path / 'scenes.txt'
    names.write_text(f'# the tests\n{folder}/2*_prep.nc\n\n')
    done = predict(names, '--out', tmp_path / 'out', '--product', 'netcdf')
    assert '2 of 2 scenes are charted.' in done.stdout
    # Layers go when all products are there.
    assert not list((tmp_path / 'out').glob('*/layers'))


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='needs SIGKILL')
def test_a_killed_run_goes_on_to_the_same_charts(predict, finetuned, tmp_path):
    write_scenes(
        tmp_path / 'scenes', 1, lines=2000, samples=700, kind='raw', seed=8,
        specials=False,
    )  # fmt: skip
    (scene,) = scene_files(tmp_path / 'scenes')
    command = [
        *(sys.executable, ROOT / 'tools/predict.py', CONFIG),
        *(finetuned[0] / 'iter_4.pth', scene, '--out', tmp_path / 'killed'),
        *('--product', 'netcdf', '--keep-layers', '--device', 'cpu'),
        *('--batch-size', '4'),
    ]
    process = subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    found: list[Path] = []
    while time.monotonic() < deadline and process.poll() is None:
        found = list((tmp_path / 'killed').glob('*/layers/SIC.raw'))
        if found and found[0].stat().st_size:
            break
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert found
    layers = found[0].parent
    assert not list(layers.parent.glob('*.nc'))
    common = ('--product', 'netcdf', '--keep-layers', '--device', 'cpu')
    common += ('--batch-size', 4)
    predict(scene, '--out', tmp_path / 'killed', *common)
    predict(scene, '--out', tmp_path / 'whole', *common)
    whole = tmp_path / 'whole' / layers.parent.name / 'layers'
    for name, values in open_charted(whole).items():
        np.testing.assert_array_equal(values, open_charted(layers)[name])
    shutil.rmtree(tmp_path / 'scenes')


@pytest.fixture(scope='module')
def safe(tmp_path_factory, run_tool):
    """The product that the last line of the simulation names."""
    done = run_tool(
        'data/simulate_scenes.py', tmp_path_factory.mktemp('ew'), '--kind',
        'raw', '--scenes', 1, '--safe', '--lines', 600, '--samples', 600,
    )  # fmt: skip
    name, path = done.stdout.splitlines()[-1].split(': ')
    assert name == 'Product'
    assert path.endswith('.SAFE')
    return path


def test_sub_swaths_are_an_aligned_table(predict, safe, tmp_path):
    done = predict(
        safe, '--land-mask', 'none', '--out', tmp_path, '--product', 'netcdf'
    )
    (path,) = tmp_path.glob('*/*_swaths.csv')
    head, *rows = csv.reader(path.read_text().splitlines())
    numbers = [cell for row in rows for cell in row[3:] if cell]
    assert all(len(cell.partition('.')[2]) <= 3 for cell in numbers)
    lines = done.stdout.splitlines()
    first = next(i for i, it in enumerate(lines) if it.split() == head)
    table = lines[first : first + 1 + len(rows)]
    assert len({len(line) for line in table}) == 1
    for line, row in zip(table[1:], rows, strict=True):
        assert line.split()[:3] == row[:3]
        assert float(line.split()[3]) == pytest.approx(float(row[3]), abs=6e-3)


def test_what_no_repetition_mends_is_not_offered_one(predict, safe, tmp_path):
    """Nothing says where land is, so nothing is charted or written."""
    done = predict(safe, '--out', tmp_path, check=False)
    assert done.returncode == 2
    assert 'ParityError' in done.stderr
    assert 'tries again' not in done.stderr
    assert 'the same command would again' in done.stderr
    assert 'Results:' not in done.stdout


def test_help_names_the_products_that_there_are(load_tool):
    from mmseaice.apis.products import PRODUCTS

    assert load_tool('predict.py')['PRODUCTS'] == PRODUCTS
