"""Every config parses anywhere and every model builds."""

import ast
import os
from collections import Counter
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmseaice.registry import MODELS
from mmseaice.testing import config_root, find_configs

CONFIGS = find_configs()
IDS = [path.stem for path in CONFIGS]


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No data, no variable of ours, another working folder."""
    for name in [name for name in os.environ if 'MMSEAICE' in name]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def bases_of(path):
    """Paths that a config names as its bases."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            names = ast.literal_eval(node.value)
            names = [names] if isinstance(names, str) else names
            return [(path.parent / name).resolve() for name in names]
    return []


def depth(path):
    return max((1 + depth(base) for base in bases_of(path)), default=0)


@pytest.mark.usefixtures('bare')
@pytest.mark.parametrize('path', CONFIGS, ids=IDS)
def test_config_parses_and_model_builds(path):
    cfg = Config.fromfile(path)
    assert cfg.default_scope == 'mmseaice'
    assert cfg.randomness.seed is not None
    # mmengine wants the parts of a loop all or none.
    for loop in ('val', 'test'):
        parts = (f'{loop}_dataloader', f'{loop}_cfg', f'{loop}_evaluator')
        assert len({cfg.get(part) is None for part in parts}) == 1, parts
    # On the meta device the largest encoder takes no memory.
    with (
        DefaultScope.overwrite_default_scope('mmseaice'),
        torch.device('meta'),
    ):
        model = MODELS.build(cfg.model)
    assert any(p.requires_grad for p in model.parameters())


@pytest.mark.usefixtures('bare')
@pytest.mark.parametrize('path', CONFIGS, ids=IDS)
def test_config_survives_being_written_out(path, tmp_path):
    """A run dumps its config, and the dump is what others get."""
    cfg = Config.fromfile(path)
    cfg.dump(tmp_path / 'dump.py')
    assert Config.fromfile(tmp_path / 'dump.py').to_dict() == cfg.to_dict()


@pytest.mark.parametrize('path', CONFIGS, ids=IDS)
def test_inheritance_is_at_most_two_deep(path):
    assert depth(path) <= 2


def test_names_are_unique_and_follow_the_grammar():
    assert CONFIGS
    counts = Counter(path.name for path in CONFIGS)
    assert [name for name, count in counts.items() if count > 1] == []
    for path in CONFIGS:
        assert 4 <= len(path.stem.split('_')) <= 5, path.stem


def test_base_parts_are_used():
    root = config_root()
    used = {base for path in root.rglob('*.py') for base in bases_of(path)}
    parts = {path.resolve() for path in Path(root, '_base_').rglob('*.py')}
    assert parts - used == set()
