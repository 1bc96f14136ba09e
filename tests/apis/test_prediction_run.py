"""Many scenes to products: what is written is of what was asked."""

from __future__ import annotations

import re
import shutil

import pytest

from mmseaice.apis import SceneInferencer
from mmseaice.apis.prediction_run import PredictionRun
from mmseaice.apis.products import ProductOptions
from mmseaice.apis.scene_sources import find_scenes
from mmseaice.errors import PredictionError, SceneFileError
from mmseaice.scenes import scene_files
from mmseaice.scenes.simulator import write_scenes


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scenes')
    write_scenes(
        folder, 2, lines=420, samples=400, kind='ready', test_scenes=2,
        specials=False, seed=5,
    )  # fmt: skip
    return scene_files(folder / 'test')


@pytest.fixture
def make_run(config, checkpoint, tmp_path):
    path = checkpoint()

    def _make(*products, **options):
        infer = SceneInferencer(config, path, 'cpu')
        options = ProductOptions(**options)
        return PredictionRun(infer, tmp_path / 'out', products, options)

    return _make


def scenes_on(page):
    return set(re.findall(r'\d{8}T\d{6}_[a-z]+', page.read_text()))


def test_a_page_has_the_scene_that_failed_before(make_run, files, tmp_path):
    inputs = [tmp_path / path.name for path in files]
    shutil.copy(files[0], inputs[0])
    inputs[1].write_bytes(files[1].read_bytes()[:1000])
    report = make_run('quicklook')(inputs)
    assert (len(report.charted), len(report.failed)) == (1, 1)
    page = tmp_path / 'out/index.html'
    assert len(scenes_on(page)) == 1
    shutil.copy(files[1], inputs[1])
    report = make_run('quicklook')(inputs)
    assert (len(report.charted), len(report.existing)) == (1, 1)
    assert not report.failed
    assert len(scenes_on(page)) == 2
    assert not list((tmp_path / 'out').glob('*/layers'))


@pytest.mark.parametrize('product', ['quicklook', 'mosaic'])
def test_one_more_scene_is_put_with_those_of_before(
    product, make_run, files, tmp_path
):
    make_run(product)(files[:1])
    report = make_run(product)(files)
    assert not report.failed
    # Its layers were gone, so the first was charted again for it.
    assert len(report.existing) == len(report.charted) == 1
    page = tmp_path / 'out/index.html'
    if product == 'quicklook':
        assert len(scenes_on(page)) == 2
    before = page.stat().st_mtime_ns if page.exists() else None
    again = make_run(product)(files)
    assert len(again.existing) == 2
    assert not again.windows
    if before:
        assert page.stat().st_mtime_ns == before


def test_two_runs_do_not_share_a_folder(make_run, files):
    first, second = make_run('netcdf'), make_run('netcdf')
    with first._locked(), pytest.raises(PredictionError, match='locked'):
        second(files)


def test_a_note_of_others_is_none(make_run, files, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/products.json').write_text('[]')
    assert not make_run('quicklook')(files[:1]).failed


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (dict(ship_class='PC99'), 'ship_class'),
        (dict(season='decayed'), 'values must be given'),
        (dict(crs='EPSG:4326'), 'projection in metres'),
        (dict(map_spacing=float('inf')), 'spacing must be from'),
        (dict(map_spacing=1e-300), 'spacing must be from'),
        (dict(smallest=float('nan')), 'smallest must be'),
    ],
)
def test_options_are_looked_at_before_the_work(make_run, options, said):
    with pytest.raises(ValueError, match=said):
        make_run('geotiff', 'risk', **options)


def test_what_no_machine_has_is_named(config, checkpoint):
    path = checkpoint()
    with pytest.raises(ValueError, match='device must be one that is here'):
        SceneInferencer(config, path, 'foo')
    with pytest.raises(ValueError, match='window must be at most'):
        SceneInferencer(config, path, 'cpu', window=(100000, 64))


def test_lists_may_not_name_themselves(tmp_path):
    (tmp_path / 'a.txt').write_text('b.txt\n')
    (tmp_path / 'b.txt').write_text('a.txt\n')
    with pytest.raises(SceneFileError, match='names itself'):
        find_scenes([tmp_path / 'a.txt'])


def test_lists_of_other_systems_are_read(files, tmp_path):
    names = tmp_path / 'windows.txt'
    names.write_bytes(b'\xef\xbb\xbf' + f'{files[0]}\r\n'.encode())
    assert find_scenes([names]) == [files[0]]
    names.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(SceneFileError, match=r'windows\.txt'):
        find_scenes([names])
    with pytest.raises(SceneFileError, match='Is a variable unset'):
        find_scenes([''])
