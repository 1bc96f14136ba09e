import shutil

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import DatasetError, SceneFileError
from mmseaice.scenes import open_scene
from mmseaice.scenes.reference_files import find_references
from mmseaice.scenes.simulator import write_scenes

CHARTS = ('SIC', 'SOD', 'FLOE')


@pytest.fixture(scope='module')
def campaign(tmp_path_factory):
    """One training scene, one test scene with its reference beside it."""
    out = tmp_path_factory.mktemp('campaign')
    size = dict(lines=600, samples=700)
    write_scenes(out, 2, **size, kind='ready', seed=4, test_scenes=1)
    return out


def test_all_ways_to_name_a_scene(campaign):
    everything = find_references(campaign)
    assert len(everything) == 2
    for path in sorted(campaign.rglob('*_prep*.nc')):
        ((name, found),) = find_references(path).items()
        scene = open_scene(str(path).replace('_reference', ''))
        assert name == scene.attrs['scene_id']
        assert found.groups == everything[name].groups
        for one in (found, everything[name]):
            charts = one.read_charts()
            assert list(charts) == list(CHARTS)
            for task in CHARTS:
                np.testing.assert_array_equal(charts[task], scene[task])
            np.testing.assert_allclose(
                one.read_zones(), scene['distance_zone'], atol=1e-3
            )
        groups = found.groups
        assert groups['service'] == scene.attrs['ice_service']
        assert groups['month'] == scene.attrs['acquisition_time'][5:7]
        assert groups['region'] in scene.attrs['chart_id']


def test_scene_and_reference_in_different_folders(campaign, tmp_path):
    (reference,) = campaign.rglob('*_prep_reference.nc')
    name = reference.name.replace('_reference', '')
    moved = tmp_path / 'charts' / reference.name
    moved.parent.mkdir()
    shutil.copy(reference, moved)
    alone = find_references(moved)
    assert next(iter(alone.values())).read_zones() is None
    shutil.copy(reference.with_name(name), tmp_path / name)
    with pytest.raises(SceneFileError, match=r'Name its .*_reference\.nc'):
        find_references(tmp_path / name)
    for sources in ([tmp_path / name, moved], [moved, tmp_path / name]):
        (found,) = find_references(sources).values()
        assert (found.charts, found.scene) == (moved, tmp_path / name)
        assert found.read_zones() is not None
    with pytest.raises(DatasetError, match='each scene once'):
        find_references([campaign, tmp_path])


def test_a_bare_reference_goes_by_its_name(tmp_path):
    path = tmp_path / '20180124T194759_dmi_prep_reference.nc'
    with netCDF4.Dataset(path, 'w') as file:
        file.createDimension('sar_lines', 2)
        file.createDimension('sar_samples', 3)
        dims = ('sar_lines', 'sar_samples')
        file.createVariable('SIC', 'f4', dims)[:] = np.nan
    found = find_references(tmp_path)['20180124T194759_dmi']
    # The published lists know the region of a published scene.
    assert found.groups == {
        'service': 'dmi',
        'season': 'winter',
        'month': '01',
        'region': 'SouthEast_RIC',
    }
    assert found.read_zones() is None
    assert (found.read_charts()['SIC'] == 255).all()
    odd = path.rename(tmp_path / 'odd.nc')
    with pytest.raises(SceneFileError, match='the scene in its name'):
        find_references(odd)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(DatasetError, match='a folder without any'):
        find_references(tmp_path)
    path = tmp_path / 'a_prep.nc'
    with netCDF4.Dataset(path, 'w') as file:
        file.createDimension('x', 2)
    with pytest.raises(SceneFileError, match='neither charts nor'):
        find_references(path)
