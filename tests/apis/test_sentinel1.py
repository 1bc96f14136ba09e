"""Sentinel-1 products and GeoTIFFs through the whole inference."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from pyproj import Transformer

from mmseaice.apis import SceneInferencer
from mmseaice.errors import MissingChannelError, ParityError
from mmseaice.registry import MODELS
from mmseaice.scenes import open_scene, scene_files
from mmseaice.scenes.products.geotiff import write_geotiff
from mmseaice.scenes.simulator import write_scenes
from mmseaice.scenes.simulator.safe import write_safe
from mmseaice.testing import find_configs

MEAN = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
STD = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)


@pytest.fixture
def make_inferencer(tmp_path):
    """A model of one layer, drawn at random, for any channels."""

    def make(*channels, mask='land', **kwargs):
        name = 'multitask_vit-tiny-p8-upernet_700i_simulated.py'
        path = next(path for path in find_configs() if path.name == name)
        cfg = Config.fromfile(path)
        backbone = cfg.model.backbone
        backbone.arch.num_layers = 1
        backbone.init_cfg = None
        backbone.out_indices = [0]
        backbone.patch_cfg.in_channels = len(channels)
        cfg.model.neck = None
        cfg.model.heads = dict(
            SOD=dict(
                type='mmseg.FCNHead',
                num_classes=6,
                num_convs=1,
                in_channels=192,
                channels=8,
                loss_decode=dict(type='ValidCrossEntropyLoss'),
            )
        )
        cfg.test_dataloader.dataset.channels = list(channels)
        init_default_scope('mmseaice')
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        record = {
            'channels': list(channels),
            'spacings': [200.0],
            'units': ['degree' if 'angle' in n else 'dB' for n in channels],
            'mean': [MEAN[name] for name in channels],
            'std': [STD[name] for name in channels],
            'clip': [-5.0, 5.0],
            'scaling': 'none',
            'fill': 0.0,
            'min_valid': 0.5,
            'mask': mask,
            'release': 'Dec-2022',
        }
        checkpoint = tmp_path / 'model.pth'
        torch.save(
            dict(state_dict=model.state_dict(), meta=dict(mmseaice=record)),
            checkpoint,
        )
        return SceneInferencer(cfg, checkpoint, 'cpu', **kwargs)

    return make


@pytest.fixture(scope='module')
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp('raw')
    write_scenes(folder, 1, lines=700, samples=900, kind='raw', seed=4)
    (path,) = scene_files(folder)
    return open_scene(path, mask='none')


def test_a_safe_is_charted_as_the_scene_in_it(make_inferencer, raw, tmp_path):
    safe = write_safe(raw, tmp_path, seed=None)
    infer = make_inferencer('HH', 'HV', 'incidence_angle')
    stream = infer.open(safe, land_mask='none')
    assert sum(infer.chart(stream, tmp_path / 'chart')) == 350
    from mmseaice.scenes.charted import open_charted

    found = open_charted(tmp_path / 'chart')
    wanted = infer(raw.assign_attrs(mask='land').drop_vars('distance_zone'))
    assert found.sizes == wanted.sizes
    both = (found['status'].values == 0) & (wanted['status'].values == 0)
    assert both.mean() > 0.8
    same = found['SOD'].values[both] == wanted['SOD'].values[both]
    assert same.mean() > 0.95
    # Raw scenes are averaged in dB, as their producers do.
    off = found['HH'].values[both] - wanted['HH'].values[both]
    assert 0 < off.mean() < 0.3
    assert np.abs(off).max() < 3


def test_a_safe_without_a_word_on_land_is_refused(
    make_inferencer, raw, tmp_path
):
    safe = write_safe(raw, tmp_path, seed=None)
    infer = make_inferencer('HH', 'HV')
    with pytest.raises(ParityError, match='mask: trained with land') as why:
        infer.open(safe)
    for way in ('--land-mask FILE', '--land-mask none'):
        assert way in why.value.remedy


def test_polygons_of_land_are_not_charted(make_inferencer, raw, tmp_path):
    safe = write_safe(raw, tmp_path, seed=None)
    infer = make_inferencer('HH', 'HV')
    places = infer.open(safe, land_mask='none').places
    ring = [
        [float(places[n].values[i, j]) for n in ('longitude', 'latitude')]
        for i, j in ((0, 0), (0, 10), (10, 10), (10, 0), (0, 0))
    ]
    land = tmp_path / 'land.geojson'
    geometry = {'type': 'Polygon', 'coordinates': [ring]}
    feature = {'type': 'Feature', 'properties': {}, 'geometry': geometry}
    land.write_text(
        json.dumps({'type': 'FeatureCollection', 'features': [feature]})
    )
    charts = list(infer._chart(infer.open(safe, land_mask=land)))
    status = np.concatenate([part['status'] for part in charts])
    line, sample = places['y_tie'].values[10], places['x_tie'].values[10]
    inner = (slice(2, int(line) - 2), slice(2, int(sample) - 2))
    assert (status[inner] == 1).all()
    assert (status[int(line) + 3 :] != 1).all()
    assert (status[:, int(sample) + 3 :] != 1).all()


def drift_files(shared_data):
    files = sorted((shared_data / 'drift').glob('*.tif'))
    assert len(files) == 4
    return files


@pytest.mark.parametrize('number', range(4))
def test_real_images_come_out_where_they_belong(
    make_inferencer, shared_data, number, tmp_path
):
    path = drift_files(shared_data)[number]
    infer = make_inferencer('HV')
    charted = next(
        infer._chart(infer.open(path, land_mask='none', polarisation='HV'))
    )
    assert (charted['status'] == 0).mean() > 0.5
    list(
        infer.chart(
            infer.open(path, land_mask='none', polarisation='HV'),
            tmp_path / 'chart',
        )
    )
    from mmseaice.scenes.charted import open_charted

    files = write_geotiff(open_charted(tmp_path / 'chart'), tmp_path / 'out')
    chart = next(f for f in files if f.name.endswith('_SOD.tif'))
    with rasterio.open(path) as image:
        points, crs = image.gcps
        sigma0, shape = image.read(1), image.shape
    with rasterio.open(chart) as cog:
        assert cog.crs.to_epsg() == 3413
        classes, inverse = cog.read(1), ~cog.transform
        to_map = Transformer.from_crs(crs, cog.crs, always_xy=True).transform
    checked = 0
    for point in points:
        # A tenth of the image away from its border.
        row, col = point.row, point.col
        margins = (row / shape[0], col / shape[1])
        if not all(0.1 < margin < 0.9 for margin in margins):
            continue
        around = sigma0[
            int(row) - 4 : int(row) + 4, int(col) - 4 : int(col) + 4
        ]
        if not (around > 0).all():
            continue
        x, y = inverse @ to_map(point.x, point.y)
        assert classes[int(y), int(x)] != 255
        checked += 1
    corners = [to_map(p.x, p.y) for p in points]
    east, north = zip(*corners, strict=True)
    with rasterio.open(chart) as cog:
        bounds = cog.bounds
    assert bounds.left < max(east)
    assert bounds.right > min(east)
    assert bounds.bottom < max(north)
    assert bounds.top > min(north)
    assert checked or len(points) < 10


def test_another_polarisation_is_refused(make_inferencer, shared_data):
    path = drift_files(shared_data)[0]
    with pytest.raises(MissingChannelError, match='no HH'):
        make_inferencer('HH', 'HV').open(path, polarisation='HV')
