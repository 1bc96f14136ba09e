"""sweep.py: the grammar of studies, how they run, what comes of them."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from mmseaice.errors import DependencyError, MMSeaIceError
from mmseaice.testing import config_root
from mmseaice.utils import studies

ROOT = config_root().parent
SMOKE = ROOT / 'downstream/jobs/smoke.txt'
MAE = 'configs/pretraining/mae_vit-tiny-p8_500i_simulated.py'
CHARTS = 'configs/downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
ENCODER = 'model.backbone.init_cfg.checkpoint'


@pytest.fixture
def study(tmp_path):
    """Write a study and read it."""

    def _study(*lines):
        path = tmp_path / 'study.txt'
        path.write_text('\n'.join(lines))
        return studies.read_study(path, tmp_path / 'runs', ROOT)

    return _study


@pytest.fixture
def tool(load_tool):
    return load_tool('sweep.py')


def names(study):
    return [run.name for run in study.runs]


def test_help_answers_at_once():
    start = time.perf_counter()
    script = (
        "import runpy, sys; sys.argv = ['sweep.py', '--help']\n"
        'try:\n'
        f'    runpy.run_path({str(ROOT / "tools/sweep.py")!r},'
        " run_name='__main__')\n"
        'except SystemExit as end:\n'
        '    assert not end.code\n'
        "assert not {'torch', 'mmengine', 'numpy'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, '-c', script], check=True, capture_output=True
    )
    assert time.perf_counter() - start < 5


def test_print_gives_one_shell_line_per_run(tool, capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        tool['main']([str(SMOKE), '--results', str(tmp_path), '--print'])
    assert end.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert 'test.py' not in lines[0]  # an encoder has no scores
    note = tmp_path / 'encoder/last_checkpoint'
    assert f'{ENCODER}="$(cat {note})" && ' in lines[1]
    note.parent.mkdir()
    note.write_text('a b.pth')
    words = lines[2].split(' && ')[0].split(' ', 1)[1]
    shown = subprocess.check_output(
        ['bash', '-c', f"printf '%s\\n' {words}"], text=True
    ).splitlines()
    assert shown[shown.index('--seed') + 1] == '1'
    assert shown[-1] == f'{ENCODER}=a b.pth'


class Calls(list):
    """Stands for the tools: notes what is called, leaves what they leave."""

    def __init__(self, failing=()):
        super().__init__()
        self.failing = failing

    def __call__(self, command):
        tool, *words = map(str, command)
        self.append(command)
        if any(name in words[0] for name in self.failing):
            raise MMSeaIceError(tool, 'success', 'exit code 1')
        if tool.endswith('train.py'):
            folder = tool_argument(words, '--work-dir')
            (folder / 'last_checkpoint').write_text('moved/iter_4.pth')
            (folder / 'iter_4.pth').touch()
        else:
            out = tool_argument(words, '--out')
            out.mkdir(exist_ok=True)
            (out / 'metrics.json').write_text(
                '{"scores": {}, "checkpoint": ""}'
            )


def tool_argument(words, name):
    return Path(words[words.index(name) + 1])


@pytest.fixture
def swept(tool, monkeypatch):
    """Run a study with other things in the place of the tools."""

    def _run(study, calls):
        run_all = tool['carry_out_all']
        monkeypatch.setitem(run_all.__globals__, 'call', calls)
        return run_all(study, range(1, len(study.runs) + 1))

    return _run


PAIR = (
    f'mae: {MAE}',
    f'charts: {CHARTS} {ENCODER}={{mae}} seed={{0,1}}',
)


def test_runs_are_trained_then_scored_and_not_again(study, swept, capsys):
    found = study(*PAIR)
    calls = Calls()
    assert swept(found, calls) == 0
    called = [os.path.basename(command[0]) for command in calls]
    assert called == ['train.py', *['train.py', 'test.py'] * 2]
    encoder = found.runs[0].work_dir / 'iter_4.pth'
    assert calls[1][-1] == f'{ENCODER}={encoder}'
    config = found.runs[1].work_dir / os.path.basename(CHARTS)
    checkpoint = found.runs[1].work_dir / 'iter_4.pth'
    assert calls[2][1:3] == [str(config), str(checkpoint)]

    calls = Calls()
    assert swept(found, calls) == 0
    assert calls == []
    assert capsys.readouterr().out.count('Done already.') == 3

    # As after a kill within the scoring.
    studies.metrics_path(found.runs[2]).write_text('{"scores": {}}')
    calls = Calls()
    assert swept(found, calls) == 0
    assert [os.path.basename(command[0]) for command in calls] == ['test.py']

    # As after a kill within the training.
    record = found.runs[2].work_dir / 'sweep.json'
    told = json.loads(record.read_text())
    record.write_text(json.dumps(told | {'trained': False}))
    studies.metrics_path(found.runs[2]).unlink()
    calls = Calls()
    assert swept(found, calls) == 0
    assert len(calls) == 2
    assert '--resume' in calls[0]


def test_a_failing_run_keeps_only_its_followers_from_running(
    study, swept, capsys
):
    found = study(f'good: {CHARTS} seed=7', *PAIR)
    calls = Calls(failing=[os.path.basename(MAE)])
    assert swept(found, calls) == 2
    told = capsys.readouterr().out
    assert '1 of 4 runs are done.' in told
    assert 'mae failed. MMSeaIceError' in told
    assert 'charts_seed-1 failed. CheckpointError' in told
    assert 'expected the last checkpoint of mae' in told


def test_a_folder_of_other_options_is_not_taken_for_done(study, swept, capsys):
    swept(study(f'mae: {MAE} seed=1'), Calls())
    calls = Calls()
    assert swept(study(f'mae: {MAE} seed=2'), calls) == 2
    assert calls == []
    assert 'options as in the study, seed=2, but got seed=1' in (
        capsys.readouterr().out
    )
    (row,) = studies.collect_rows(study(f'mae: {MAE} seed=2'))
    assert row['state'] == 'open'


def test_a_tool_is_stopped_with_the_sweep(tmp_path):
    script = tmp_path / 'script.py'
    script.write_text(
        'import pathlib, runpy, signal, sys\n'
        f'tool = runpy.run_path({str(ROOT / "tools/sweep.py")!r})\n'
        "signal.signal(signal.SIGTERM, tool['stop'])\n"
        "tool['call']([sys.argv[1]])\n"
    )
    sleeper = tmp_path / 'sleeper.py'
    sleeper.write_text(
        'import os, pathlib, time\n'
        "pathlib.Path(__file__).with_name('pid').write_text(str(os.getpid()))\n"
        'time.sleep(60)\n'
    )
    process = subprocess.Popen([sys.executable, script, sleeper])
    pid = tmp_path / 'pid'
    while not (pid.is_file() and pid.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_submit_writes_a_script_and_needs_slurm(
    study, tool, monkeypatch, tmp_path
):
    found = study(*PAIR)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(DependencyError, match='sbatch is not on this'):
        tool['submit'](found)
    script = (found.results / 'submit.sh').read_text()
    assert 'ARRAY=1%"$PARALLEL"' in script
    assert 'ARRAY=2,3%"$PARALLEL"' in script


def test_submit_lets_runs_wait_for_what_they_need(
    study, tool, monkeypatch, tmp_path
):
    found = study(*PAIR)
    sbatch = tmp_path / 'bin/sbatch'
    sbatch.parent.mkdir()
    log = tmp_path / 'said.txt'
    sbatch.write_text(
        f'#!/bin/bash\nprintf "%s\\n" "$@" END >> {log}\necho "71;cluster"\n'
    )
    sbatch.chmod(0o755)
    monkeypatch.setenv('PATH', f'{sbatch.parent}:{os.environ["PATH"]}')
    monkeypatch.setenv('ACCOUNT', 'ice')
    monkeypatch.setenv('SBATCH_ARGS', '--qos long')
    tool['submit'](found)
    jobs = [part.splitlines() for part in log.read_text().split('END\n')[:3]]
    first, second, figure = jobs
    assert '--dependency' not in first
    assert second[second.index('--dependency') + 1] == 'afterok:71_1'
    assert second[second.index('--array') + 1] == '2,3%8'
    assert figure[figure.index('--dependency') + 1] == 'afterany:71:71'
    assert first[first.index('--account') + 1] == 'ice'
    assert first[first.index('--qos') + 1] == 'long'
    assert '--partition' not in first
    runs = [shlex.split(job[job.index('--wrap') + 1]) for job in jobs]
    assert runs[0][-2:] == ['--only', '%a']
    assert runs[2][-1] == '--collect'


def test_collect_writes_table_and_figure(study, tool, capsys):
    found = study(f'charts: {CHARTS} train_cfg.max_iters={{5,9}} seed={{0,1}}')
    for score, run in enumerate(found.runs[:3]):
        path = studies.metrics_path(run)
        path.parent.mkdir(parents=True)
        scores = {'AutoICE/combined': score, 'AutoICE/SIC.r2': None}
        path.write_text(json.dumps({'scores': scores, 'checkpoint': ''}))
    args = [str(found.path), '--results', str(found.results), '--collect']
    with pytest.raises(SystemExit) as end:
        tool['main'](args)
    assert end.value.code == 0
    assert '3 of 4 runs are done.' in capsys.readouterr().out
    figure = 'AutoICE-combined_by_train_cfg.max_iters.png'
    assert {path.name for path in found.results.glob('*.*')} == {
        'results.csv',
        figure,
    }


def test_collect_without_scores_writes_the_table_alone(study, tool, capsys):
    found = study(f'mae: {MAE} seed={{0,1}}')
    found.results.mkdir()
    args = [str(found.path), '--results', str(found.results), '--collect']
    with pytest.raises(SystemExit):
        tool['main'](args)
    assert 'so no figure' in capsys.readouterr().out
    assert list(found.results.iterdir()) == [found.results / 'results.csv']


def test_a_study_runs_for_real(run_tool, tmp_path):
    args = ('sweep.py', SMOKE, '--results', tmp_path)
    done = run_tool(*args, '--only', 2, check=False)
    assert done.returncode == 2
    assert 'expected the last checkpoint of encoder' in done.stdout
    run_tool(*args, '--only', 1)
    done = run_tool(*args, '--only', 2)
    assert '1 of 1 runs are done.' in done.stdout
    assert run_tool(*args, '--only', 2).stdout.count('Done already.') == 1
    done = run_tool(*args, '--collect')
    assert '2 of 3 runs are done.' in done.stdout
    with open(tmp_path / 'results.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert float(rows[1]['AutoICE/combined']) < 100
    assert float(rows[1]['train_seconds']) > 0
    assert rows[2]['state'] == 'open'
    done = run_tool(*args, '--only', 9, check=False)
    assert done.returncode == 1
    assert 'expected a number from 1 to 3, but got 9' in done.stderr


@pytest.mark.parametrize(
    ('code', 'ours'), [('75', 0), ('-signal.SIGUSR1', 0), ('1', 2)]
)
def test_the_end_of_a_job_is_passed_on(code, ours, tmp_path):
    """Another turn is asked for, unless a tool failed, by this program."""
    again = tmp_path / 'again'
    child = tmp_path / 'child.py'
    child.write_text(
        'import os, signal, sys, time\n'
        "assert 'MMSEAICE_AGAIN' not in os.environ\n"
        f'code = {code}\n'
        'if code > 0:\n'
        '    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(code))\n'
        f'open({str(tmp_path / "up")!r}, "w")\n'
        'time.sleep(60)\n'
    )
    script = tmp_path / 'script.py'
    script.write_text(
        'import runpy, sys\n'
        f'tool = runpy.run_path({str(ROOT / "tools/sweep.py")!r})\n'
        'study = type("S", (), dict(runs=[type("R", (), dict(name="a"))]))\n'
        'def carry_out(run, study):\n'
        f'    tool["call"]([{str(child)!r}])\n'
        'tool["sweep"].__globals__.update(carry_out=carry_out)\n'
        'studies = tool["studies"]\n'
        'studies.read_study = lambda *_: study\n'
        'studies.check_options = lambda *_: None\n'
        'tool["main"](["study.txt", "--only", "1"])\n'
    )
    process = subprocess.Popen(
        [sys.executable, script],
        env=os.environ | {'SLURM_JOB_ID': '7', 'MMSEAICE_AGAIN': str(again)},
    )
    while not (tmp_path / 'up').exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=20) == ours
    assert again.exists() == (ours == 0)


@pytest.mark.parametrize('trained', [True, False])
def test_a_test_that_no_turn_is_long_enough_for_ends_the_run(
    trained, load_tool, monkeypatch
):
    tool = load_tool('sweep.py')
    calls = []

    def call(command):
        calls.append(command)
        if command == 'test':
            raise tool['TimeIsUp']

    studies = types.SimpleNamespace(
        claim=lambda run: None,
        is_done=lambda run: False,
        is_trained=lambda run: trained,
        mark_trained=lambda run: None,
        last_checkpoint=lambda run: 'file',
        train_command=lambda *_: 'train',
        test_command=lambda *_: 'test',
    )
    within = tool['carry_out'].__globals__
    monkeypatch.setitem(within, 'call', call)
    monkeypatch.setitem(within, 'studies', studies)
    run = types.SimpleNamespace(name='a')
    error = MMSeaIceError if trained else tool['TimeIsUp']
    with pytest.raises(error):
        tool['carry_out'](run, None)
    assert calls == (['test'] if trained else ['train', 'test'])
