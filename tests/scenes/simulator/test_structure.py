"""Files against the tables of the format, written out here."""

from __future__ import annotations

import re

import netCDF4
import numpy as np
import pytest
import xarray as xr

from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.write import write_raw

FULL = ('sar_lines', 'sar_samples')
COARSE = ('2km_grid_lines', '2km_grid_samples')
TIES = ('sar_sample_2dgrid_points', 'sar_line_2dgrid_points')
POINTS = ('sar_grid_points',)
SWATHS = ['AMSR2_swaths', 'AMSR2_S1_delays']
SAR = ['polarisation', 'upstream_id', 'description', 'min', 'max']
ZONES = ['long_name', 'zonal_range_description']
CHART = ['polygon', 'chart_fill_value']

CHARTS = [(name, FULL, 'uint8', CHART) for name in ('SIC', 'SOD', 'FLOE')]
TIE_POINTS = [
    ('sar_grid2d_latitude', TIES, 'float64', []),
    ('sar_grid2d_longitude', TIES, 'float64', []),
]


def sar(*more):
    return [
        ('nersc_sar_primary', FULL, 'float32', [*SAR, *more]),
        ('nersc_sar_secondary', FULL, 'float32', [*SAR, *more]),
    ]


def brightness(dtype):
    attributes = [*SWATHS, 'min', 'max', 'description']
    return [
        (f'btemp_{frequency}{polarisation}', COARSE, dtype, attributes)
        for frequency in (
            *('6_9', '7_3', '10_7', '18_7', '23_8', '36_5', '89_0'),
        )
        for polarisation in 'hv'
    ]


def weather(dtype):
    names = ('u10m_rotated', 'v10m_rotated', 't2m', 'skt', 'tcwv', 'tclw')
    return [(n, COARSE, dtype, ['units', 'long_name']) for n in names]


READY = [
    *TIE_POINTS,
    *sar('variable_fill_value'),
    ('sar_incidenceangle', FULL, 'float32', ['variable_fill_value']),
    ('distance_map', FULL, 'float32', ZONES),
    *brightness('float32'),
    *weather('float32'),
]
RAW = [
    ('polygon_codes', ('polygon_codes',), 'str', ['icechart_id']),
    *sar(),
    ('polygon_icechart', FULL, 'float32', ['description', 'icechart_id']),
    ('distance_map', FULL, 'float32', ZONES),
    *[
        (f'sar_grid_{name}', POINTS, 'float64', [])
        for name in (
            *('line', 'sample', 'latitude', 'longitude'),
            *('incidenceangle', 'height'),
        )
    ],
    *brightness('float64'),
    ('amsr2_swath_map', COARSE, 'uint8', []),
    ('swath_segmentation', COARSE, 'uint8', SWATHS),
    *weather('float64'),
]
READY_GLOBALS = ['scene_id', 'original_id', 'ice_service', 'flip']
READY_GLOBALS += ['pixel_spacing']
RAW_GLOBALS = ['title', 'geometric_info', 'sar_denoise_by_nersc_documentation']

TABLES = {
    'raw': (RAW, RAW_GLOBALS),
    'train': (CHARTS + READY, READY_GLOBALS),
    'test': (READY, READY_GLOBALS),
    'reference': (CHARTS, READY_GLOBALS),
}


def table_of(dataset):
    return [
        (
            name,
            variable.dimensions,
            'str' if variable.dtype is str else str(variable.dtype),
            variable.ncattrs(),
        )
        for name, variable in dataset.variables.items()
    ]


@pytest.mark.parametrize('kind', TABLES)
def test_variables_in_order(files, kind):
    variables, globals_ = TABLES[kind]
    with netCDF4.Dataset(files[kind]) as dataset:
        assert table_of(dataset) == variables
        assert dataset.ncattrs() == globals_
        for variable in dataset.variables.values():
            if variable.dtype is not str:
                filters = variable.filters()
                assert filters['zlib'], variable.name
                assert filters['shuffle'], variable.name


def test_number_of_variables():
    lengths = {kind: len(table) for kind, (table, _) in TABLES.items()}
    # Raw: 32 variables and one coordinate.
    assert lengths == {'raw': 33, 'train': 29, 'test': 26, 'reference': 3}


def test_dimensions(files):
    with netCDF4.Dataset(files['raw']) as raw:
        sizes = {name: len(dim) for name, dim in raw.dimensions.items()}
    rows = sizes.pop('polygon_codes')
    assert rows > 3
    assert sizes == {
        'sar_lines': 1001,
        'sar_samples': 1203,
        'sar_grid_points': 441,
        '2km_grid_lines': 20,
        '2km_grid_samples': 24,
    }
    expected = {
        'sar_lines': 500,
        'sar_samples': 601,
        'sar_sample_2dgrid_points': 21,
        'sar_line_2dgrid_points': 21,
        '2km_grid_lines': 20,
        '2km_grid_samples': 24,
    }
    for kind in ('train', 'test'):
        with netCDF4.Dataset(files[kind]) as ready:
            got = {name: len(dim) for name, dim in ready.dimensions.items()}
        assert got == expected
        # Test files list the dimensions of the tie points first.
        assert next(iter(got)) == (TIES[0] if kind == 'test' else FULL[0])


def test_coordinates(files):
    with xr.open_dataset(files['train']) as ready:
        assert not ready.coords
    with xr.open_dataset(files['raw']) as raw:
        assert list(raw.coords) == ['polygon_codes']
        assert 'polygon_codes' in raw.indexes
        assert len(raw.data_vars) == 32


def test_texts(files, scene):
    product = scene.identity.product_id
    with netCDF4.Dataset(files['train']) as ready:
        assert ready.scene_id == files['train'].name
        assert ready.original_id == files['raw'].name
        assert (ready.ice_service, ready.flip, ready.pixel_spacing) == (
            *('dmi', 0, 80),
        )
        titles = [ready[name].polygon for name in ('SIC', 'SOD', 'FLOE')]
        assert titles == [
            *('Sea Ice Concentration [%]', 'Stage of Development'),
            'Floe Size',
        ]
        assert {ready[n].chart_fill_value for n in ('SIC', 'SOD')} == {255}
        for name, polarisation in (
            ('nersc_sar_primary', 'HH'),
            ('nersc_sar_secondary', 'HV'),
        ):
            variable = ready[name]
            assert variable.polarisation == polarisation
            assert variable.upstream_id == product
            assert variable.description == 'Sigma0 in dB'
            assert variable.variable_fill_value == 0
            # Raw dB although the values are standardised.
            raw = getattr(scene, polarisation)
            assert variable.min == np.nanmin(raw)
            assert variable.max == np.nanmax(raw)
        assert ready['btemp_10_7v'].description == (
            'Brightness temperature in K at 10.7GHz. Polarization: vertical.'
        )
        assert ready['btemp_6_9h'].description == (
            'Brightness temperature in K at 6.9GHz. Polarization: horizontal.'
        )
        assert ready['btemp_6_9h'].min == scene.brightness['btemp_6_9h'].min()
        assert ready['v10m_rotated'].long_name == (
            'ERA5 10m v-component of wind rotated to account for S-1 flight '
            'direction'
        )
        units = [ready[n].units for n in ('u10m_rotated', 'skt', 'tclw')]
        assert units == ['m/s', 'K', 'kg/m2']
        zones = ready['distance_map']
    with netCDF4.Dataset(files['raw']) as raw:
        assert 'AI4Arctic_CCN' in raw.title
        assert '\n' in raw.title
        assert '10.1109/TGRS.2021.3131036' in (
            raw.sar_denoise_by_nersc_documentation
        )
        chart = raw['polygon_codes'].icechart_id
        assert chart == raw['polygon_icechart'].icechart_id
        assert files['raw'].name == f'{product}_icechart_{chart}.nc'
        assert set(np.unique(raw['sar_grid_height'][:])) == {0}
        zones = raw['distance_map']
        assert zones.long_name == (
            'Distance to land zones numbered with ids ranging from 0 to 41'
        )
        rows = zones.zonal_range_description.split('\n')
    assert rows[:2] == ['', 'dist_id; dist_range_km']
    assert rows[3] == '1; 0 -> 0.5'
    assert rows[-1] == '41; 300 -> inf'
    assert [int(row.split(';')[0]) for row in rows[2:]] == list(range(42))
    ends = dict(re.findall(r'(\d+); \S+ -> (\S+)', '\n'.join(rows)))
    assert [ends[k] for k in ('2', '21', '22', '28', '33', '40')] == [
        *('1', '20', '25', '60', '125', '300'),
    ]


def test_names(files):
    assert re.fullmatch(
        r'S1[AB]_EW_GRDM_1SDH_\d{8}T\d{6}_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}'
        r'_[0-9A-F]{4}_icechart_dmi_\d{12}_[A-Za-z]+_RIC\.nc',
        files['raw'].name,
    )
    raw = files['raw'].name
    short = f'{raw[17:32]}_{raw[77:80]}'
    assert files['train'].name == f'{short}_prep.nc'
    assert files['reference'].name == f'{short}_prep_reference.nc'
    assert files['truth'].name == f'{short}_truth.nc'


def test_names_of_the_canadian_service():
    scene = simulate_scene(1, 1, lines=400, samples=400)
    assert scene.identity.service == 'cis'
    assert re.fullmatch(r'SGRDI[A-Z]+_\d{8}T\d{4}Z_pl_a', scene.identity.chart)


def test_swath_attributes(tmp_path):
    name = r'GW1AM2_\d{12}_\d{3}[AD]_L1SGBTBR_2220220\.h5'
    seen = set()
    for index in range(12):
        scene = simulate_scene(8, index, lines=400, samples=400)
        count = len(scene.swaths.names)
        if count in seen:
            continue
        seen.add(count)
        with netCDF4.Dataset(write_raw(scene, tmp_path)) as raw:
            text = raw['btemp_6_9h'].AMSR2_swaths
            delays = raw['btemp_6_9h'].AMSR2_S1_delays
            segments = set(np.unique(raw['swath_segmentation'][:].data))
            used = set(np.unique(raw['amsr2_swath_map'][:].data))
        if count == 1:
            assert re.fullmatch(name, text)
            assert re.fullmatch(r'\d+', delays)
            assert (segments, used) == ({0}, {255})
        else:
            assert re.fullmatch(rf"\[u'{name}', u'{name}'\]", text)
            assert re.fullmatch(r'\[ *\d+ +\d+\]', delays)
            assert segments == {0, 1}
    assert seen == {1, 2}


def test_test_scenes_of_october_lack_the_chart(scene, tmp_path):
    path = write_raw(scene, tmp_path, testdata=True)
    assert path.name.endswith('_testdata.nc')
    with netCDF4.Dataset(path) as raw:
        assert table_of(raw) == [r for r in RAW if 'polygon' not in r[0]]
        assert len(raw.variables) == 31
