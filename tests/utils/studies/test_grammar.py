"""The text of studies, and the runs it stands for."""

import pytest

from mmseaice.errors import CheckpointError, MMSeaIceError
from mmseaice.testing import config_root
from mmseaice.utils import studies

ROOT = config_root().parent
MAE = 'configs/pretraining/mae_vit-tiny-p8_500i_simulated.py'
CHARTS = 'configs/downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
ENCODER = 'model.backbone.init_cfg.checkpoint'
SPLIT = 'train_dataloader.dataset.split'


def names(study):
    return [run.name for run in study.runs]


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('0', ['0']),
        ('{0,1}', ['0', '1']),
        ('a{1,2}b{3,4}', ['a1b3', 'a1b4', 'a2b3', 'a2b4']),
        ('{[80],[80,160]}', ['[80]', '[80,160]']),
        ('{{a},{b}}', ['{a}', '{b}']),
        ('{a}', ['{a}']),
        ('{a}/{x,y}', ['{a}/x', '{a}/y']),
        ('[1,2]', ['[1,2]']),
    ],
)
def test_braces_make_one_text_each(text, expected):
    assert studies.expand_braces(text) == expected


def test_every_combination_is_a_run(study):
    found = study(
        '# a comment',
        f'mae: {MAE} model.backbone.mask_ratio=0.6 # and another',
        f'charts: {CHARTS} \\',
        f'    {SPLIT}={{lists/a_01.txt,lists/a_05.txt}} \\',
        f'    {ENCODER}={{mae}} seed={{0,1}}',
        f'{MAE} model.backbone.mask_ratio=0.7',
    )
    assert names(found) == [
        'mae',
        'charts_split-a_01_seed-0',
        'charts_split-a_01_seed-1',
        'charts_split-a_05_seed-0',
        'charts_split-a_05_seed-1',
        'mae_vit-tiny-p8_500i_simulated_mask_ratio-0.7',
    ]
    last = found.find('charts_split-a_05_seed-1')
    assert last.options == {
        SPLIT: 'lists/a_05.txt',
        ENCODER: '{mae}',
        'seed': '1',
    }
    assert last.needs == ('mae',)
    assert last.work_dir == found.results / last.name
    assert found.stages() == [[1, 6], [2, 3, 4, 5]]


def test_keys_that_end_alike_are_told_apart(study):
    line = ' '.join(f'{name}_dataloader.num_workers=0' for name in ('a', 'b'))
    (name,) = names(study(f'{MAE} {line}'))
    assert 'a_dataloader-num_workers-0_b_dataloader-num_workers-0' in name
    (name,) = names(study(f'{MAE} ' + ' '.join(f'k{i}=1' for i in range(60))))
    assert len(name) <= 120


@pytest.mark.parametrize(
    ('lines', 'said'),
    [
        (['# nothing'], 'expected at least one run'),
        (['no/such/config.py'], 'line 1: expected a config file'),
        (['', f'{MAE} seed'], r"line 2: expected KEY=VALUE, but got 'seed'"),
        ([f'{MAE} seed={{0, 1}}'], 'a brace must be closed'),
        ([f'{MAE} seed="0'], 'No closing quotation'),
        ([f'{MAE} seed=0 seed=1'], 'every key once, but got seed again'),
        ([f'a/b: {MAE}'], 'a name of letters'),
        ([f'a: {MAE}', f'a: {MAE} seed=1'], 'a for the second time'),
        ([f'{CHARTS} {ENCODER}={{a}}'], r'but got {a}\. Known here: none'),
        (
            [f'a: {MAE} seed={{0,1}}', f'{CHARTS} {ENCODER}={{a}}'],
            'Known here: a_seed-0, a_seed-1',
        ),
    ],
)
def test_mistakes_are_named(study, lines, said):
    with pytest.raises(MMSeaIceError, match=said):
        study(*lines)


@pytest.mark.parametrize(
    ('key', 'found'),
    [
        ('seed', True),
        ('load_from', True),
        ('custom_hooks', True),
        ('mistyped', False),
        ('model.backbone.mask_ratio', True),
        ('model.backbone.drop_path_rate', True),
        ('model.backbon.mask_ratio', False),
        ('train_dataloader.dataset.pipeline.0.size', True),
        ('train_dataloader.dataset.pipeline.9.size', False),
        ('param_scheduler.1', True),
        ('train_cfg.max_iters.more', False),
    ],
)
def test_options_need_a_place_in_the_config(key, found):
    assert studies.reaches(ROOT / MAE, key) is found


@pytest.mark.parametrize(
    ('key', 'found'),
    [
        ('model.target.type', True),
        ('model.target.window', True),
        ('model.targets.window', False),
        ('model.task_losses.water.tasks', True),
        ('model.task_losses.wter.tasks', False),
        ('model.backbone.masking.area', False),
    ],
)
def test_a_part_may_be_new_if_an_option_says_of_what_type(key, found):
    made = ['model.target', 'model.task_losses.water']
    assert studies.reaches(ROOT / MAE, key, made) is found


def test_a_checkpoint_of_an_unfinished_training_is_not_taken(study):
    run = study(f'mae: {MAE}').runs[0]
    studies.claim(run)
    (run.work_dir / 'last_checkpoint').write_text('iter_4.pth')
    (run.work_dir / 'iter_4.pth').touch()
    with pytest.raises(CheckpointError, match='unfinished'):
        studies.last_checkpoint(run)
    studies.mark_trained(run)
    assert studies.last_checkpoint(run).name == 'iter_4.pth'


def test_the_folder_of_the_data_is_that_of_the_machine(
    study, monkeypatch, tmp_path
):
    found = study(f'{MAE} train_dataloader.dataset.split=$MMSEAICE_DATA/a.txt')
    run = found.runs[0]
    options = []
    for folder in ('/disk/of/job/7', '/disk/of/job/8'):
        monkeypatch.setenv('MMSEAICE_DATA', folder)
        studies.claim(run)
        words = studies.train_command(run, tmp_path, lambda name: name)
        options.append(words[-1].partition('=')[2])
    # Another turn of a job has another disk, and it is the same run.
    assert options == ['/disk/of/job/7/a.txt', '/disk/of/job/8/a.txt']
    monkeypatch.delenv('MMSEAICE_DATA')
    words = studies.train_command(run, tmp_path, lambda name: name)
    assert words[-1].endswith('=data/a.txt')
