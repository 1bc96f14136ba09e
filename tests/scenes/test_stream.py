"""Scenes read block by block against scenes read at once."""

import os

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import EmptySceneError, MissingChannelError, StoreError
from mmseaice.scenes import SceneStore, open_scene, resample_scene
from mmseaice.scenes.coarse import interpolate_coarse
from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.open_stream import stream_scene
from mmseaice.scenes.stream import CHARTED, LAND, NO_DATA, SceneStream
from mmseaice.testing import build_tiny_store, make_scene

CHANNELS = ('HV', 'HH', 'incidence_angle', 't2m', 'latitude', 'distance_zone')


def only_scene(path):
    store = SceneStore(path)
    (name,) = store.scene_ids
    return store[name]


def together(stream, first=0):
    """All blocks put together again."""
    blocks = list(stream.blocks(first))
    start = blocks[0][0]
    parts = [block for _, block in blocks]
    image = np.concatenate([part.image for part in parts], axis=1)
    fields = {
        'valid': np.concatenate([part.valid for part in parts]),
        'status': np.concatenate([part.status for part in parts]),
    }
    for name in parts[0].sar:
        fields[name] = np.concatenate([part.sar[name] for part in parts])
    return start, image, fields


@pytest.mark.parametrize('kind', ['ready', 'raw'])
@pytest.mark.parametrize('lines', [(0, 40), (30, 31), (77, 202)])
def test_lines_of_a_file_are_those_of_the_whole(
    kind, lines, request, tmp_path
):
    path = request.getfixturevalue(f'write_{kind}')(tmp_path).path
    whole = open_scene(path)
    part = open_scene(path, lines=lines)
    assert part.sizes['y'] == lines[1] - lines[0]
    for name in whole:
        values = whole[name].values
        if whole[name].dims[0] == 'y':
            values = values[slice(*lines)]
        if name == 'polygon_codes':
            assert (part[name].values == values).all()
            continue
        np.testing.assert_array_equal(part[name].values, values, name)
    for name in ('y_tie', 'y_2km'):
        np.testing.assert_array_equal(part[name] + lines[0], whole[name])
    assert part.attrs == whole.attrs


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(SceneStream, 'block_lines', 12)


@pytest.mark.usefixtures('small_blocks')
@pytest.mark.parametrize('kind', ['ready', 'raw'])
@pytest.mark.parametrize('spacing', [80, 200, 240])
@pytest.mark.parametrize('in_memory', [False, True])
def test_blocks_are_those_of_the_whole(
    kind, spacing, in_memory, request, tmp_path
):
    path = request.getfixturevalue(f'write_{kind}')(tmp_path).path
    whole = open_scene(path)
    stream = stream_scene(whole if in_memory else path, CHANNELS, spacing)
    start, image, fields = together(stream)
    fine, work = resample_scene(whole, 80), resample_scene(whole, spacing)
    assert start == 0
    assert stream.fine_shape == fine['HH'].shape
    assert image.shape == (len(CHANNELS), *work['HH'].shape)
    assert stream.attrs['scene_id'] == whole.attrs['scene_id']
    height, width = work['HH'].shape
    for plane, name in zip(image, CHANNELS, strict=True):
        if name == 't2m':
            wanted = interpolate_coarse(
                work[name].values,
                work['y_2km'].values,
                work['x_2km'].values,
                **dict(y=0, x=0, height=height, width=width),
            )
        elif name == 'latitude':
            rows, cols = (np.arange(n) + 0.5 for n in (height, width))
            wanted = Geolocation.from_scene(work).grid(rows, cols)[0]
        else:
            wanted = work[name].values
        np.testing.assert_allclose(plane, wanted, 1e-6, 1e-5, err_msg=name)
    np.testing.assert_array_equal(
        fields['valid'], np.isfinite(work['HH'].values)
    )
    np.testing.assert_array_equal(fields['HV'], fine['HV'].values)
    seen = np.isfinite(fine['HH'].values)
    np.testing.assert_array_equal(fields['status'] == CHARTED, seen)
    land = fine['distance_zone'].values < 0.5
    np.testing.assert_array_equal(fields['status'] == LAND, land & ~seen)
    for name in ('latitude', 'y_tie', 'x_tie'):
        np.testing.assert_allclose(stream.places[name], fine[name])


@pytest.mark.usefixtures('small_blocks')
def test_reading_may_begin_in_the_middle(write_raw, tmp_path):
    path = write_raw(tmp_path).path
    stream = stream_scene(path, ['HH', 'HV'], 200)
    _, image, fields = together(stream)
    start, rest, later = together(stream, 29)
    assert start == 24
    np.testing.assert_array_equal(rest, image[:, 24:])
    np.testing.assert_array_equal(later['HH'], fields['HH'][60:])


@pytest.mark.parametrize('spacing', [80, 200])
def test_a_store_gives_what_was_stored(spacing, tmp_path):
    build_tiny_store(
        tmp_path / 'store', 1, 300, 140, spacings=(80, 200),
        channels=('HH', 'HV', 't2m'),
    )  # fmt: skip
    scene = only_scene(tmp_path / 'store')
    names = ('HH', 'HV', 't2m', 'month')
    stream = stream_scene(scene, names, spacing)
    _, image, fields = together(stream)
    crop = scene.read(spacing, channels=names)
    np.testing.assert_array_equal(image, crop.image)
    np.testing.assert_array_equal(fields['valid'], crop.valid)
    fine = scene.read(80, channels=['HH', 'HV'])
    np.testing.assert_array_equal(fields['HH'], fine.image[0])
    original = make_scene(300, 140)
    at = [Geolocation.from_scene(s).at(31.0, 57.0)
          for s in (stream.places, original)]  # fmt: skip
    np.testing.assert_allclose(*at)


def test_a_land_mask_blanks_what_the_model_sees():
    scene = make_scene(120, 130, kind='ready').assign_attrs(mask='none')

    def land(rows, cols):
        return (rows[:, None] > 60) & (cols > 70)

    stream = stream_scene(scene, ['HH', 'HV'], 80)
    stream.blank_land(land, 'coast.gpkg')
    _, image, fields = together(stream)
    assert (fields['status'][60:, 70:] == LAND).all()
    assert np.isnan(image[:, 60:, 70:]).all()
    assert stream.attrs['mask'] == 'land'
    seen = np.isfinite(scene['HH'].values)
    rest = fields['status'] != LAND
    assert ((fields['status'] == NO_DATA) == ~seen)[rest].all()


def test_a_channel_is_filled_or_refused():
    scene = make_scene().drop_vars(['t2m', 'incidence_angle'])
    stream = stream_scene(scene, ['HH', 'HV', 't2m'], 80)
    assert stream.missing == ('t2m',)
    _, image, fields = together(stream)
    assert np.isnan(image[2]).all()
    assert fields['valid'].any()
    with pytest.raises(MissingChannelError, match='no incidence_angle'):
        stream_scene(scene, ['HH', 'incidence_angle'], 80)


def test_a_store_without_the_spacing_is_refused(tmp_path):
    build_tiny_store(tmp_path / 'store', 1, spacings=(80,))
    scene = only_scene(tmp_path / 'store')
    with pytest.raises(StoreError, match='spacing 200 m'):
        list(stream_scene(scene, ['HH'], 200).blocks())


EMPTY = {'NaN': np.nan, 'infinite': np.inf, 'masked': np.ma.masked}


@pytest.mark.usefixtures('small_blocks')
@pytest.mark.parametrize('value', EMPTY)
@pytest.mark.parametrize('first', [0, 30])
def test_a_file_without_a_valid_pixel_is_refused(
    value, first, write_raw, tmp_path
):
    path = write_raw(tmp_path).path
    with netCDF4.Dataset(path, 'a') as file:
        file['nersc_sar_secondary'][:] = EMPTY[value]
    stream = stream_scene(path, ['HH', 'HV'], 200)
    with pytest.raises(EmptySceneError, match=path.name):
        list(stream.blocks(first))


def test_an_empty_ready_file_is_refused(write_ready, tmp_path):
    path = write_ready(tmp_path, sar='empty').path
    stream = stream_scene(path, ['HH', 'HV'], 200)
    with pytest.raises(EmptySceneError, match=path.name):
        list(stream.blocks())


@pytest.mark.usefixtures('small_blocks')
def test_one_valid_pixel_is_enough_wherever_reading_begins():
    scene = make_scene(120, 130)
    for name in ('HH', 'HV', 'incidence_angle'):
        scene[name][:] = np.nan
        scene[name][7, 9] = 1.0
    stream = stream_scene(scene, ['HH', 'HV'], 80)
    assert len(list(stream.blocks())) == 10
    # What is left has no SAR, but another run has read some.
    assert len(list(stream.blocks(60))) == 5


def test_a_scene_that_is_all_land_is_read():
    scene = make_scene(120, 130).assign_attrs(mask='none')
    stream = stream_scene(scene, ['HH', 'HV'], 80)
    stream.blank_land(lambda y, x: np.ones((len(y), len(x)), bool), 'land')
    _, image, fields = together(stream)
    assert (fields['status'] == LAND).all()
    assert np.isnan(image).all()


def stamp_names(stream):
    return [os.path.basename(stamp[0]) for stamp in stream.stamps]


def test_stamps_tell_of_changes_inside_a_folder(tmp_path):
    build_tiny_store(tmp_path / 'store', 1, spacings=(80,))
    scene = only_scene(tmp_path / 'store')
    for time, given in enumerate((scene, scene.path), 1):
        before = stream_scene(given, ['HH', 'HV'], 80).stamps
        victim = scene.path / 'image_80/c/0/0/0'
        os.utime(victim, ns=(time, time))
        after = stream_scene(given, ['HH', 'HV'], 80).stamps
        assert before != after
        same = stream_scene(given, ['HH', 'HV'], 80).stamps
        assert after == same


def test_stamps_of_a_shapefile_are_those_of_its_parts(tmp_path):
    stream = stream_scene(make_scene(), ['HH', 'HV'], 80)
    parts = ['a.b.dbf', 'a.b.prj', 'a.b.shp', 'a.b.shp.xml', 'a.b.shx']
    for name in (*parts, 'a.c.shx', 'a.bc.shp'):
        (tmp_path / name).touch()
    stream.note_file(tmp_path / 'a.b.shp')
    assert stamp_names(stream) == parts
    stream.note_file(tmp_path / 'a.c.shx')
    assert stamp_names(stream) == [*parts, 'a.c.shx']
