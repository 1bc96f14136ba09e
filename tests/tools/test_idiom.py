"""All tools start, stop and fail in the same way."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = sorted(
    path
    for path in (ROOT / 'tools').rglob('*.py')
    if '__main__' in path.read_text()
)


def named(paths):
    return [pytest.param(p, id=str(p.relative_to(ROOT))) for p in paths]


@pytest.mark.parametrize('tool', named(TOOLS))
def test_a_clone_works_without_an_installation(tool):
    up = len(tool.relative_to(ROOT).parts) - 1
    text = tool.read_text()
    policy = (
        '# A clone works without an installation.\n'
        "if importlib.util.find_spec('mmseaice') is None:\n"
        '    sys.path.insert(0, str(Path(__file__).resolve()'
        f'.parents[{up}]))\n'
    )
    assert policy in text
    first = re.search(r'^from mmseaice', text, re.M)
    assert first is None or text.index(policy) < first.start()


@pytest.mark.parametrize('tool', named(TOOLS))
def test_errors_are_readable(tool):
    text = tool.read_text()
    assert re.search(r'^    with .*readable_errors\(', text, re.MULTILINE)
    assert 'traceback' not in text


def test_data_tools_need_no_learning_library():
    tools = [str(path) for path in TOOLS if path.parent.name == 'data']
    script = """
import runpy, sys
tools, sys.argv[1:] = sys.argv[1:], ['--help']
for tool in tools:
    try:
        runpy.run_path(tool, run_name='__main__')
    except SystemExit as end:
        assert end.code == 0
assert not {'torch', 'mmengine', 'mmcv'} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, '-c', script, *tools], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


MISTAKES = [
    ('evaluate.py', ['no.nc', 'no.nc'], 'DatasetError: no.nc'),
    (
        'analysis/calibrate.py',
        ['no.py', 'no.pth'],
        'MMSeaIceError: no.py: expected a config file',
    ),
    ('data/make_splits.py', ['no.zarr', 'out'], 'StoreError: no.zarr'),
    (
        'data/make_splits.py',
        ['{store}', 'out', '--val-share', '2'],
        'ValueError: share must be within (0, 1)',
    ),
    ('data/build_store.py', ['no.nc', 'out'], 'SceneFileError: no.nc'),
    (
        'data/build_store.py',
        ['no.nc', 'out', '--spacings', '-1'],
        'ValueError: spacings must be',
    ),
    (
        'data/simulate_scenes.py',
        ['out', '--lines', '100'],
        'ValueError: ',
    ),
    (
        'analysis/pixel_baselines.py',
        ['no.zarr', 'no.zarr', '--out', 'a.json'],
        'StoreError: no.zarr',
    ),
    (
        'analysis/visualize_reconstruction.py',
        ['no.py', 'no.pth', '--out', 'out'],
        'MMSeaIceError: no.py: expected a config file',
    ),
    (
        'analysis/browse_dataset.py',
        ['no.py'],
        'MMSeaIceError: no.py: expected a config file',
    ),
    (
        'data/export_patches.py',
        ['no.zarr', 'out'],
        'StoreError: no.zarr',
    ),
    (
        'data/download_ai4arctic.py',
        ['out', '--verify'],
        'DownloadError: ',
    ),
    (
        'data/compute_statistics.py',
        ['{store}', '--channels', 'HX'],
        'MissingChannelError: ',
    ),
    (
        'data/scene_metadata.py',
        ['{store}', 'out', '--splits', 'no.txt'],
        'DatasetError: no.txt',
    ),
    (
        'analysis/linear_probe.py',
        ['no.py', 'no.pth'],
        'MMSeaIceError: no.py: expected a config file',
    ),
]


@pytest.mark.parametrize(('tool', 'args', 'said'), MISTAKES)
def test_mistakes_end_in_one_message(
    run_tool, demo_data, tool, args, said, tmp_path
):
    store = str(demo_data / 'demo/train.zarr')
    args = [arg.replace('{store}', store) for arg in args]
    if 'out' in args:
        args[args.index('out')] = str(tmp_path / 'out')
    done = run_tool(tool, *args, check=False)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any(line.startswith(said) for line in lines)
    assert 'Traceback' not in done.stderr


def test_skipped_scenes_end_in_exit_code_2(run_tool, tmp_path):
    broken = tmp_path / 'broken_prep.nc'
    broken.write_bytes(b'no scene')
    done = run_tool(
        'data/build_store.py',
        broken,
        tmp_path / 'store',
        '--on-error',
        'skip',
        check=False,
    )
    assert done.returncode == 2
    assert 'skipped: ' in done.stdout
