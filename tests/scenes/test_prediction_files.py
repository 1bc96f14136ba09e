import numpy as np
import pytest
import xarray as xr

from mmseaice.errors import DatasetError, PredictionError, SceneFileError
from mmseaice.scenes.prediction_files import find_predictions
from mmseaice.scenes.products.autoice import write_upload_package
from mmseaice.scenes.products.netcdf import write_netcdf
from mmseaice.testing import make_charted

pytestmark = pytest.mark.filterwarnings('ignore:.*the challenge')


def write_product(
    path, tenths, sod, scene_id='a_dmi', upper=False, units='%', fill=True
):
    """A product in the way of CF: percent in steps of 0.1, fill values."""
    factor = {'%': 10, '1': 0.1, 'kg': 1}[units]
    sic, stage = ('SIC', 'SOD') if upper else ('sic', 'sod')
    scene = xr.Dataset(
        {
            sic: (('y', 'x'), tenths * factor, {'units': units}),
            stage: (('y', 'x'), sod),
        },
        attrs={'scene_id': scene_id},
    )
    packing = dict(
        dtype='int16', scale_factor=factor / 100, _FillValue=np.int16(-1)
    )
    flags = dict(_FillValue=np.uint8(255) if fill else None)
    scene.to_netcdf(path, encoding={sic: packing, stage: flags})
    return path


def random_charts(seed=0):
    rng = np.random.default_rng(seed)
    tenths = rng.integers(0, 101, (20, 30)) / 10
    sod = rng.integers(0, 6, (20, 30)).astype(np.uint8)
    tenths[3], sod[3] = np.nan, 255
    return tenths, sod


@pytest.mark.parametrize('upper', [False, True])
@pytest.mark.parametrize('fill', [False, True])
@pytest.mark.parametrize('units', ['%', '1'])
def test_products_are_read_in_tenths_and_classes(tmp_path, upper, units, fill):
    tenths, sod = random_charts()
    options = dict(upper=upper, units=units, fill=fill)
    write_product(tmp_path / 'a.nc', tenths, sod, **options)
    found = find_predictions(tmp_path)
    assert list(found) == ['a_dmi']
    charts = found['a_dmi'].read()
    assert list(charts) == ['SIC', 'SOD']
    # Exact, so that ties between two tenths fall as they would have.
    np.testing.assert_array_equal(
        charts['SIC'].astype(np.float32), tenths.astype(np.float32)
    )
    np.testing.assert_array_equal(np.rint(charts['SIC']), np.rint(tenths))
    stage = np.nan_to_num(charts['SOD'].astype(float), nan=255)
    np.testing.assert_array_equal(stage, sod)


def test_unit_must_be_known(tmp_path):
    tenths, sod = random_charts()
    path = write_product(tmp_path / 'a.nc', tenths, sod, units='kg')
    with pytest.raises(PredictionError, match=r"units of sic .* got 'kg'"):
        find_predictions(path)['a_dmi'].read()


def test_written_products_are_found(tmp_path):
    scene = make_charted(70, 80)
    write_netcdf(scene, tmp_path / 'chart.nc')
    charts = find_predictions(tmp_path)[scene.attrs['scene_id']].read()
    np.testing.assert_allclose(charts['SIC'], scene['SIC'], atol=0.0051)
    for task in ('SOD', 'FLOE'):
        chart = np.nan_to_num(charts[task].astype(float), nan=255)
        np.testing.assert_array_equal(chart, scene[task])


def test_packages_and_folders(tmp_path):
    scenes = [make_charted(70, 80, seed=s) for s in range(2)]
    ids = [scene.attrs['scene_id'] for scene in scenes]
    package = write_upload_package(scenes, tmp_path / 'upload_package.nc')
    for source in (package, tmp_path, [package]):
        found = find_predictions(source)
        assert list(found) == ids
        chart = found[ids[1]].read()['SOD']
        np.testing.assert_array_equal(chart, scenes[1]['SOD'])
    # Products beside a package hold the same charts.
    write_product(tmp_path / 'a.nc', *random_charts())
    (tmp_path / '.b.nc').write_bytes(b'')
    assert list(find_predictions(tmp_path)) == ['a_dmi']
    both = find_predictions([package, tmp_path / 'a.nc'])
    assert list(both) == [*ids, 'a_dmi']


def test_mistakes_are_named(tmp_path):
    with pytest.raises(DatasetError, match='a folder without any'):
        find_predictions(tmp_path)
    with pytest.raises(SceneFileError, match='nothing there'):
        find_predictions(tmp_path / 'no.nc')
    for name in 'ab':
        write_product(tmp_path / f'{name}.nc', *random_charts())
    with pytest.raises(DatasetError, match=r'a_dmi, which is in .*a\.nc'):
        find_predictions(tmp_path)
    reference = tmp_path / 'reference.nc'
    write_product(
        reference, *random_charts(), scene_id='x_prep_reference.nc', upper=True
    )
    with pytest.raises(PredictionError, match='Name first what was pred'):
        find_predictions(reference)


def test_a_concentration_above_all_is_none(tmp_path):
    tenths, sod = random_charts()
    path = write_product(tmp_path / 'a.nc', 30 * tenths, sod)
    with pytest.raises(PredictionError, match='from 0 to 100 %'):
        find_predictions(path)['a_dmi'].read()
