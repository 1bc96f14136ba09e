"""Every study that is shipped says what can be run."""

from argparse import ArgumentParser

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmseaice.registry import HOOKS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from mmseaice.testing import config_root, on_meta_device
from mmseaice.utils.cli import add_config_arguments
from mmseaice.utils.studies import check_options, read_study
from mmseaice.utils.tuning import apply_tuning

ROOT = config_root().parent
FILES = sorted(ROOT.glob('*/jobs/*.txt'))

#: Arguments at their defaults in the configs: no typing errors.
NEW = {'constructor', 'layer_decay_rate', 'on_error'}

each_study = pytest.mark.parametrize(
    'path', FILES, ids=lambda path: f'{path.parents[1].name}-{path.stem}'
)


def configs_of(study):
    """Config and options of every run, one for all its seeds."""
    for run in study.runs:
        options = {k: v for k, v in run.options.items() if k != 'seed'}
        if run.options.get('seed', '0') == '0':
            cfg = Config.fromfile(run.config)
            parser = ArgumentParser()
            add_config_arguments(parser)
            pairs = [f'{key}={value}' for key, value in options.items()]
            words = ['--cfg-options', *pairs] if pairs else []
            yield cfg, options, parser.parse_args(words).cfg_options or {}


@each_study
def test_every_run_can_start(path):
    study = read_study(path, root=ROOT)
    check_options(study)
    models = {}
    for cfg, options, values in configs_of(study):
        for key in options:
            *above, last = key.split('.')
            if key == 'tuning':
                continue  # an argument of every recipe
            node = cfg.to_dict()
            if above[:1] == ['model']:
                continue  # the model says what it does not know
            for part in above:
                node = node[int(part) if part.isdecimal() else part]
            assert last in node or last in NEW or last.isdecimal(), key
        cfg.merge_from_dict(values)
        apply_tuning(cfg, values)
        # Where the encoder comes from does not shape the model.
        cfg.model.backbone.pop('init_cfg', None)
        models[str(cfg.model)] = cfg.model
        constructor = cfg.optim_wrapper.get('constructor')
        with DefaultScope.overwrite_default_scope('mmseaice'):
            assert all(HOOKS.get(h.type) for h in cfg.default_hooks.values())
            if constructor:
                assert OPTIM_WRAPPER_CONSTRUCTORS.get(constructor)
        if path.stem != 'smoke':  # which is over before it has warmed up
            train = cfg.train_cfg
            end = train.get('max_iters', train.get('max_epochs'))
            assert cfg.param_scheduler[-1].get('end', end) == end
    with DefaultScope.overwrite_default_scope('mmseaice'), on_meta_device():
        for cfg in models.values():
            model = MODELS.build(cfg)
            assert any(p.requires_grad for p in model.parameters())


@each_study
def test_its_readme_tells_of_it(path):
    readme = path.parents[1] / 'README.md'
    assert f'(jobs/{path.name})' in readme.read_text()


def test_studies_have_folders_of_their_own():
    names = [path.stem for path in FILES]
    assert len(set(names)) == len(names) > 0
