"""The launchers on a real Slurm."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import torch

from mmseaice.scenes import SceneStore
from mmseaice.scenes.simulator import write_scenes
from mmseaice.testing import FOUR_STEPS, config_root

from .conftest import ROOT

pytestmark = pytest.mark.slurm

PRETRAINING = config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
FINETUNING = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)
#: Steps of 0.25 s, more than two turns of a job of two minutes.
SLOW = (
    *FOUR_STEPS,
    'train_cfg.max_iters=400',
    'default_hooks.checkpoint.interval=1000',
)
STUDY = f"""
encoder: {PRETRAINING} {' '.join(FOUR_STEPS)}
charts: {FINETUNING} {' '.join(FOUR_STEPS)} test_dataloader.num_workers=0 \\
    model.backbone.init_cfg.checkpoint={{encoder}} \\
    train_dataloader.dataset.split=DATA/demo/splits/train_{{050,100}}.txt \\
    seed={{0,1}}
"""


def with_hook(cluster, module, **hook):
    """A config whose run has one more hook, from a file beside this one."""
    path = cluster.cwd / f'{module}.py'
    path.write_text(
        f'_base_ = {str(PRETRAINING)!r}\n'
        f'custom_imports = dict(imports=[{module!r}])\n'
        f'default_hooks = dict(more=dict({hook}))\n'
    )
    return path


def weights(folder, step):
    path = folder / f'iter_{step}.pth'
    return torch.load(path, weights_only=True)['state_dict']


@pytest.fixture(scope='module')
def long_jobs(cluster):
    """A job that its time limit interrupts, and its undisturbed twin.

    Submitted before all else, as they take minutes.
    """
    options = ('--cfg-options', *SLOW)
    config = with_hook(
        cluster, 'slow_steps', type='SlowStepsHook', seconds=0.25
    )
    limited = cluster.submit(
        'slurm_train.sh', config, '--work-dir', 'work_dirs/limited',
        *options, TIME='2', MARGIN='60',
    )  # fmt: skip
    whole = cluster.submit(
        'slurm_train.sh', config, '--work-dir', 'work_dirs/whole',
        *options,
    )  # fmt: skip
    return limited, whole


def test_a_study_runs_in_stages_and_ends_with_a_figure(cluster, long_jobs):
    study = cluster.cwd / 'study.txt'
    data = cluster.env['MMSEAICE_DATA']
    study.write_text(STUDY.replace('DATA', data))
    said = cluster.ask('bash', ROOT / 'tools/slurm_study.sh', study)
    jobs = re.findall(r'job (\d+)\.', said)
    assert '4 runs' in said
    first, second, figure = jobs
    array = cluster.jobs(second)
    assert f'afterok:{first}_1' in array[0]['Dependency']
    assert array[0]['ArrayTaskThrottle'] == '8'
    tasks = cluster.wait(second) + cluster.wait(figure)
    assert {task['JobState'] for task in tasks} == {'COMPLETED'}
    rows = (cluster.cwd / 'work_dirs/study/results.csv').read_text()
    assert rows.count(',done,') == 5
    pictures = list((cluster.cwd / 'work_dirs/study').glob('*.png'))
    assert len(pictures) == 1

    # One of its models, scored and at work.
    run = next((cluster.cwd / 'work_dirs/study').glob('charts*/iter_4.pth'))
    folder = cluster.cwd / 'scene'
    write_scenes(
        folder, 1, lines=420, samples=400, kind='ready', specials=False
    )
    scene = next(folder.rglob('*_prep.nc'))
    jobs = [
        cluster.submit('slurm_test.sh', FINETUNING, run, '--out', 'scores'),
        cluster.submit(
            'slurm_predict.sh', FINETUNING, run, scene, '--out', 'charts'
        ),
    ]
    for job in jobs:
        assert cluster.wait(job)[0]['JobState'] == 'COMPLETED'
    assert (cluster.cwd / 'scores/metrics.json').is_file()
    assert list((cluster.cwd / 'charts').rglob('*.nc'))


def test_who_waits_for_a_failed_run_is_cancelled_and_told_why(
    cluster, long_jobs
):
    study = cluster.cwd / 'failing.txt'
    data = cluster.env['MMSEAICE_DATA']
    text = STUDY.replace('DATA', data).replace(
        'encoder: ', '# broken\nencoder: ', 1
    )
    text = text.replace(
        FOUR_STEPS[0],
        f'{FOUR_STEPS[0]} train_dataloader.dataset.store=no/store',
        1,
    )
    study.write_text(text)
    said = cluster.ask('bash', ROOT / 'tools/slurm_study.sh', study)
    first, second, figure = re.findall(r'job (\d+)\.', said)
    assert cluster.wait(first)[0]['JobState'] == 'FAILED'
    assert 'no/store' in cluster.log(f'failing-{first}_1')
    for task in cluster.wait(second):
        assert task['JobState'] == 'CANCELLED'
        assert task['Reason'] == 'DependencyNeverSatisfied'
    # The table still comes, and says that nothing is there.
    assert cluster.wait(figure)[0]['JobState'] == 'COMPLETED'
    assert '0 of 5 runs are done' in cluster.log(f'failing_figure-{figure}')


def test_a_store_by_an_array_is_the_serial_one(
    cluster, long_jobs, tmp_path_factory
):
    folder = tmp_path_factory.mktemp('scenes')
    write_scenes(
        folder, 3, lines=420, samples=400, kind='ready', specials=False, seed=2
    )
    tool = ROOT / 'tools/data/build_store.py'
    job = cluster.submit(
        'slurm_submit.sh', 'store', tool, folder, 'array.zarr',
        '--spacings', '80', '160', '--shard', '%a/2', ARRAY='1-2',
    )  # fmt: skip
    subprocess.run(
        [sys.executable, tool, folder, cluster.cwd / 'serial.zarr',
         '--spacings', '80', '160'],
        check=True,
    )  # fmt: skip
    assert {t['JobState'] for t in cluster.wait(job)} == {'COMPLETED'}
    stores = [
        SceneStore(cluster.cwd / name)
        for name in ('array.zarr', 'serial.zarr')
    ]
    assert stores[0].scene_ids == stores[1].scene_ids
    files = [
        {p.relative_to(store.path): p.read_bytes()
         for p in sorted(store.path.rglob('*')) if p.is_file()}
        for store in stores
    ]  # fmt: skip
    assert files[0].keys() == files[1].keys()
    assert files[0] == files[1]


def test_stores_are_staged_and_the_rest_is_linked(cluster, long_jobs):
    script = cluster.cwd / 'look.py'
    script.write_text(
        'import os, pathlib\n'
        "data = pathlib.Path(os.environ['MMSEAICE_DATA'], 'demo')\n"
        "for name in ('train.zarr', 'test.zarr'):\n"
        '    path = data / name\n'
        "    found = (path / 'zarr.json').is_file()\n"
        '    print(name, path.is_symlink(), found)\n'
    )
    # The second finds what the first has left, as a second turn does.
    for _ in range(2):
        job = cluster.submit(
            'slurm_submit.sh', 'look', script, STAGE='demo/train.zarr',
            SLURM_TMPDIR=str(cluster.cwd / 'node'),
        )  # fmt: skip
        assert cluster.wait(job)[0]['JobState'] == 'COMPLETED'
        said = cluster.log(f'look-{job}').splitlines()
        assert 'train.zarr False True' in said
        assert 'test.zarr True True' in said


def test_one_task_of_an_array_gets_another_turn(cluster, long_jobs):
    """Its number may be that of the whole array; the others are left be."""
    script = cluster.cwd / 'turns.py'
    script.write_text(
        'import os, sys, time\n'
        f'sys.path.insert(0, {str(ROOT)!r})\n'
        'from mmseaice.utils.slurm import ask_for_another_turn\n'
        "turn = int(os.environ.get('SLURM_RESTART_COUNT', 0))\n"
        "print('task', sys.argv[1:], 'turn', turn)\n"
        "if sys.argv[1] == '3' and turn == 0:\n"
        '    assert ask_for_another_turn()\n'
        'else:\n'
        '    time.sleep(5)\n'
    )
    words = ("it's", 'é\t$HOME {a,b} "x"')
    job = cluster.submit(
        'slurm_submit.sh', 'turns', script, '%a', *words, ARRAY='1-3'
    )
    tasks = cluster.wait(job)
    assert [task['JobState'] for task in tasks] == ['COMPLETED'] * 3
    restarts = {task['ArrayTaskId']: task['Restarts'] for task in tasks}
    assert restarts == {'1': '0', '2': '0', '3': '1'}
    said = cluster.log(f'turns-{job}_3')
    assert f'task {["3", *words]} turn 0' in said
    assert f'task {["3", *words]} turn 1' in said


def test_two_ranks_meet_and_one_that_fails_ends_the_job(cluster, long_jobs):
    work_dir = cluster.cwd / 'work_dirs/ranks'
    args = (PRETRAINING, '--work-dir', work_dir, '--cfg-options', *FOUR_STEPS)
    job = cluster.submit('slurm_train.sh', *args, RANKS='2')
    assert cluster.wait(job)[0]['JobState'] == 'COMPLETED'
    assert (work_dir / 'iter_4.pth').is_file()
    said = cluster.log(f'{PRETRAINING.stem}-{job}')
    assert said.count('Checkpoint:') == 1

    config = with_hook(cluster, 'failing_rank', type='FailingRankHook')
    job = cluster.submit(
        'slurm_train.sh', config, '--work-dir', f'{work_dir}_broken',
        *args[3:], RANKS='2',
    )  # fmt: skip
    assert cluster.wait(job, 120)[0]['JobState'] == 'FAILED'
    end = cluster.log(f'failing_rank-{job}')
    end = end[end.index('The first to fail was rank_1:') :]
    assert 'RuntimeError: rank 1 has had enough' in end.splitlines()[-1]


def test_ranks_wait_for_the_one_that_saves_and_queues_the_job(
    cluster, long_jobs
):
    config = with_hook(cluster, 'slow_save', type='SlowSaveHook')
    job = cluster.submit(
        'slurm_train.sh', config, '--work-dir', 'work_dirs/slow_save',
        '--cfg-options', *FOUR_STEPS, 'train_cfg.max_iters=2',
        'default_hooks.preemption.interval=1',
        'default_hooks.preemption.time_limit=0.0', RANKS='2',
    )  # fmt: skip
    found = cluster.wait(job)[0]
    assert found['JobState'] == 'COMPLETED'
    assert found['Restarts'] == '1'
    said = cluster.log(f'slow_save-{job}')
    assert said.count('Stopped at step 1 (time limit).') == 1
    assert (cluster.cwd / 'work_dirs/slow_save/iter_2.pth').is_file()


def test_a_job_goes_on_until_it_is_done_and_equals_an_undisturbed_one(
    cluster, long_jobs
):
    limited, whole = long_jobs
    assert cluster.wait(whole)[0]['JobState'] == 'COMPLETED'
    found = cluster.wait(limited, 900)[0]
    assert found['JobState'] == 'COMPLETED'
    assert int(found['Restarts']) >= 2
    said = cluster.log(f'slow_steps-{limited}')
    steps = [int(n) for n in re.findall(r'Stopped at step (\d+)', said)]
    assert len(steps) == int(found['Restarts'])
    assert steps == sorted(set(steps))
    first, second = (
        weights(cluster.cwd / 'work_dirs' / name, 400)
        for name in ('limited', 'whole')
    )
    assert all(torch.equal(first[key], second[key]) for key in first)
