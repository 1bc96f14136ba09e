"""What a wheel carries, and what building one leaves behind."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from mmseaice.scenes import SceneStore, write_split
from mmseaice.testing import build_tiny_store

ROOT = Path(__file__).resolve().parents[1]
PARTS = ('configs', 'tools', 'mmseaice')
FILES = (
    'setup.py',
    'pyproject.toml',
    'MANIFEST.in',
    'model-index.yml',
    'LICENSE',
    'README.md',
    'CITATION.cff',
    'CHANGELOG.md',
)

RECIPE = 'mae_vit-tiny-p8_500i_simulated.py'
SHORT = (
    'train_cfg.max_iters=3',
    'train_dataloader.batch_size=2',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
)


def run(*command, **kwargs):
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, **kwargs
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """A copy of the working tree, with a config that was deleted since."""
    tree = tmp_path_factory.mktemp('tree')
    skip = shutil.ignore_patterns('__pycache__', '.mim')
    for name in PARTS:
        shutil.copytree(ROOT / name, tree / name, ignore=skip)
    for name in FILES:
        shutil.copy2(ROOT / name, tree / name)
    stale = tree / 'build/lib/mmseaice/.mim/configs/stale.py'
    stale.parent.mkdir(parents=True)
    stale.touch()
    return tree


def sources_of(tree):
    return {
        str(path.relative_to(tree))
        for name in PARTS
        for path in (tree / name).rglob('*')
        if path.is_file()
    }


@pytest.fixture(scope='module')
def wheel(tree, tmp_path_factory):
    out = tmp_path_factory.mktemp('wheel')
    before = sources_of(tree)
    run(
        *(sys.executable, '-m', 'pip', 'wheel', tree, '--no-deps'),
        *('--no-build-isolation', '--no-index', '-w', out),
    )
    # Building leaves no copy in the tree, where mim would find it twice.
    assert sources_of(tree) == before
    return next(out.glob('mmseaice-*.whl'))


def test_wheel_carries_package_configs_and_tools(tree, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {name for name in sources_of(tree) if name.endswith('.py')}
    expected = {
        name if name.startswith('mmseaice/') else f'mmseaice/.mim/{name}'
        for name in sources
    }
    python = {name for name in names if name.endswith('.py')}
    assert expected - names == set()
    assert python - expected == set()
    assert 'mmseaice/.mim/model-index.yml' in names
    assert 'mmseaice/scenes/splits/published.csv' in names


def test_wheel_holds_no_other_top_level_package(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split('/')[0] for name in names}
    assert {top for top in tops if '.dist-info' not in top} == {'mmseaice'}


def test_metadata_name_the_floors(wheel):
    archive = zipfile.ZipFile(wheel)
    path = next(n for n in archive.namelist() if n.endswith('METADATA'))
    text = archive.read(path).decode()
    assert 'Requires-Python: >=3.11' in text
    for extra in ('test', 'geo', 'terratorch', 'lora', 'dev'):
        assert f'Provides-Extra: {extra}' in text
    for name in ('torch', 'torchvision', 'onedl-mmpretrain', 'zarr'):
        assert f'Requires-Dist: {name}' in text


def test_bounds_agree_with_the_guard_at_import(wheel):
    """pip must not install what mmseaice then refuses."""
    from packaging.requirements import Requirement

    from mmseaice.utils.dependencies import REQUIRED

    archive = zipfile.ZipFile(wheel)
    path = next(n for n in archive.namelist() if n.endswith('METADATA'))
    lines = archive.read(path).decode().splitlines()
    prefix = 'Requires-Dist: '
    found = [Requirement(ln[len(prefix) :]) for ln in lines if prefix in ln]
    bounds = {r.name: r.specifier for r in found if not r.marker}
    for name, (_, oldest, refused) in REQUIRED.items():
        assert oldest in bounds[name]
        assert refused not in bounds[name]


def test_working_tree_holds_no_mim_copy():
    assert not (ROOT / 'mmseaice/.mim').exists()


@pytest.mark.extras
def test_mim_trains_from_the_wheel(wheel, tmp_path):
    """openmim in its own environment finds config and tool by name."""
    home = tmp_path / 'venv'
    venv.create(home, with_pip=True)
    python = home / 'bin/python'
    run(python, '-m', 'pip', 'install', '-q', 'openmim==0.3.9')
    run(python, '-m', 'pip', 'install', '-q', '--no-deps', wheel)
    # Torch and the OpenMMLab libraries are lent by the main environment;
    # mmseaice and setuptools come from the new one, which stands first.
    site = next((home / 'lib').glob('python*/site-packages'))
    lent = [path for path in sys.path if path.endswith('site-packages')]
    (site / 'lent.pth').write_text('\n'.join(lent))

    build_tiny_store(
        tmp_path / 'data/demo/train.zarr',
        height=210,
        width=230,
        spacings=(160, 200, 240),
        channels=('HH', 'HV', 'incidence_angle'),
    )
    scenes = SceneStore(tmp_path / 'data/demo/train.zarr').scene_ids
    write_split(tmp_path / 'data/demo/splits/train.txt', scenes)
    out = run(
        *(home / 'bin/mim', 'train', 'mmseaice', RECIPE, '--gpus', 0),
        *('--work-dir', tmp_path / 'run', '--cfg-options', *SHORT),
        cwd=tmp_path,
        env=os.environ | {'MMSEAICE_DATA': str(tmp_path / 'data')},
    )
    assert (tmp_path / 'run/iter_3.pth').is_file(), out
    assert str(site) in run(
        *(python, '-c', 'import mmseaice; print(mmseaice.__file__)'),
        cwd=tmp_path,
    )
