"""Configs are found beside the package and inside an installed one."""

import mmseaice
from mmseaice.testing import config_root, find_configs


def test_recipes_of_the_clone_are_found():
    names = [path.name for path in find_configs('pretraining/*.py')]
    assert names == sorted(names)
    assert any(name.startswith('mae_') for name in names)
    assert not any('_base_' in str(path) for path in find_configs())


def test_configs_of_a_wheel_are_found(tmp_path, monkeypatch):
    package = tmp_path / 'site-packages/mmseaice'
    (package / '.mim/configs/_base_').mkdir(parents=True)
    monkeypatch.setattr(mmseaice, '__file__', str(package / '__init__.py'))
    assert config_root() == package / '.mim/configs'
