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
from mmseaice.scenes.variables import CHANNELS, PLACE_CHANNELS
from mmseaice.testing import (
    config_root,
    find_configs,
    on_meta_device,
    shrink_model,
)

CONFIGS = find_configs()
IDS = [path.stem for path in CONFIGS]
CHARTING = [path for path in CONFIGS if path.stem.startswith('multitask')]


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No data, no variable of ours, another working folder."""
    for name in [name for name in os.environ if 'MMSEAICE' in name]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def build():
    """Build a model in our scope."""
    with DefaultScope.overwrite_default_scope('mmseaice'):
        yield MODELS.build


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
def test_config_parses_and_model_builds(path, build):
    cfg = Config.fromfile(path)
    assert cfg.default_scope == 'mmseaice'
    assert cfg.randomness.seed is not None
    # mmengine wants the parts of a loop all or none.
    for loop in ('val', 'test'):
        parts = (f'{loop}_dataloader', f'{loop}_cfg', f'{loop}_evaluator')
        assert len({cfg.get(part) is None for part in parts}) == 1, parts
    # On the meta device the largest encoder takes no memory.
    with on_meta_device():
        model = build(cfg.model)
    assert any(p.requires_grad for p in model.parameters())
    for name, part in model.named_modules():
        if isinstance(part, torch.nn.GroupNorm):
            assert part.num_channels >= 2 * part.num_groups, name


@pytest.mark.usefixtures('bare')
@pytest.mark.parametrize('path', CHARTING, ids=lambda path: path.stem)
def test_a_last_batch_of_one_window_is_charted(path, build):
    recipe = Config.fromfile(path)
    channels = len(recipe.test_dataloader.dataset.channels)
    cfg = shrink_model(recipe.model)
    cfg.test_cfg.batch_size = 8
    model = build(cfg).eval()
    with torch.no_grad():
        image = torch.randn(1, channels, 128, 128)  # 3 x 3 windows
        (sample,) = model.predict(image)
    assert sample.tasks == ('SIC', 'SOD', 'FLOE')


@pytest.mark.usefixtures('bare')
@pytest.mark.parametrize('path', CONFIGS, ids=IDS)
def test_every_setting_is_live(path):
    """No loader stands beside those that mmengine knows."""
    cfg = Config.fromfile(path)
    known = {f'{loop}_dataloader' for loop in ('train', 'val', 'test')}
    found = {name for name in cfg if name.endswith('_dataloader')}
    assert 'train_dataloader' in found
    assert found <= known
    assert None not in [cfg[name] for name in found]


@pytest.mark.usefixtures('bare')
def test_data_are_normalised_alike_before_and_after_pretraining():
    statistics = {}
    for path in Path(config_root(), '_base_/datasets').glob('*.py'):
        cfg = Config.fromfile(path)
        source = path.stem.rpartition('_')[0]
        found = (cfg.mean.to_dict(), cfg.std.to_dict())
        assert statistics.setdefault(source, found) == found
        for step in cfg.train_dataloader.dataset.pipeline:
            if step.type == 'NormaliseScene':
                assert (step.mean, step.std) == (cfg.mean, cfg.std)
    assert len(statistics) == 3


@pytest.mark.usefixtures('bare')
@pytest.mark.parametrize('name', ['charts', 'pretraining'])
def test_every_channel_can_be_asked_for(name):
    """Its statistics are there: those published, where any are."""
    cfg = Config.fromfile(
        config_root() / f'_base_/datasets/ai4arctic_{name}.py'
    )
    assert set(cfg.mean) == set(cfg.std) == {*CHANNELS, *PLACE_CHANNELS}
    for channel in CHANNELS.values():
        assert cfg.mean[channel.name] == channel.mean['Dec-2022']
        assert cfg.std[channel.name] == channel.std['Dec-2022']


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
