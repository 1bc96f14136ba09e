"""Shell scripts: sound, with a help, and nothing of any one cluster."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(
    path
    for folder in ('tools', 'pretraining', 'downstream', 'tests', '.ci')
    for path in (ROOT / folder).rglob('*')
    if path.suffix == '.sh' or path.name in ('run', 'cluster.env.example')
)
CALLED = [
    ROOT / 'tools' / name
    for name in (
        'slurm_train.sh', 'slurm_test.sh', 'slurm_predict.sh',
        'slurm_study.sh', 'slurm_submit.sh', 'dist_train.sh', 'dist_test.sh',
        'here.sh',
    )
]  # fmt: skip


def test_shellcheck_has_nothing_to_say():
    shellcheck = Path(sys.executable).with_name('shellcheck')
    done = subprocess.run(
        [shellcheck, '-x', *SCRIPTS], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('script', CALLED, ids=lambda path: path.name)
def test_without_arguments_it_says_what_it_is_for(script):
    done = subprocess.run(
        ['bash', script], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    assert f'bash tools/{script.name}' in done.stderr


def test_every_variable_of_the_example_has_a_default():
    example = (ROOT / 'tools/cluster.env.example').read_text()
    defaults = (ROOT / 'tools/slurm_env.sh').read_text()
    names = set(re.findall(r'^(?:# )?([A-Z]+)=', example, re.MULTILINE))
    known = set(re.findall(r'^([A-Z_]+)=', defaults, re.MULTILINE))
    assert names - {'PYTHON'} <= known
    assert {'ACCOUNT', 'PARTITION', 'TIME'} <= names


def test_a_job_is_what_the_variables_say(tmp_path):
    """With a stand-in for sbatch that prints its arguments."""
    sbatch = tmp_path / 'sbatch'
    sbatch.write_text('#!/bin/bash\nprintf "%s\\n" "$@" >&2\necho 5\n')
    sbatch.chmod(0o755)
    (tmp_path / 'cluster.env').write_text(
        # What conda does: an unset variable, and a command that fails.
        ': $NONE; false\nACCOUNT=${ACCOUNT:-file}\nTIME=${TIME:-1:00:00}\n'
    )

    def submit(*args, **env):
        return subprocess.run(
            ['bash', ROOT / 'tools/slurm_train.sh', 'configs/a b.py', *args],
            cwd=tmp_path,
            env={'PATH': f'{tmp_path}:/usr/bin:/bin', 'GPUS': '16',
                 'GPUS_PER_NODE': '8', 'TIME': '2:00:00', 'AFTER': '3',
                 'MARGIN': '300', **env},
            capture_output=True,
            text=True,
        )  # fmt: skip

    done = submit('--amp')
    assert done.stdout == '5\n'
    said = done.stderr.splitlines()

    def value(name):
        return said[said.index(name) + 1]

    assert value('--account') == 'file'
    assert value('--time') == '2:00:00'
    assert value('--signal') == 'USR1@300'
    assert value('--dependency') == 'afterok:3'
    assert (value('--nodes'), value('--ntasks')) == ('2', '16')
    assert value('--ntasks-per-node') == '8'
    assert '--partition' not in said
    words = ['configs/a b.py', '--amp', '--launcher', 'slurm', '--resume']
    assert shlex.split(said[-1])[-5:] == words
    said = submit(AFTER_ANY='4').stderr.splitlines()
    assert said.count('--dependency') == 1
    assert value('--dependency') == 'afterok:3,afterany:4'
    # What would be dropped without a word is refused.
    for done, word in (
        (submit(GPUS='12'), 'GPUS=12'),
        (submit(RANKS='32'), 'RANKS=32'),
        (submit('--resume', 'file.pth'), 'load_from=FILE'),
        (submit(MMSEAICE_ENV='none.env'), 'none.env'),
    ):
        assert (done.returncode, done.stdout) == (1, '')
        assert word in done.stderr


def test_what_is_set_comes_before_the_file(tmp_path):
    """Even if it is set to nothing, and however the file is written."""
    (tmp_path / 'cluster.env').write_text(
        'GPUS=8\nRANKS=8\nSTAGE=store\nGPUS_PER_NODE=4\nTIME=5\n'
        'tools=/nowhere\nset -- other arguments\nIFS=:\n'
    )
    show = (
        f'. {ROOT}/tools/slurm_env.sh; '
        'echo "$GPUS $GPUS_PER_NODE $RANKS $LAUNCHER <$STAGE> $TIME $*"'
    )
    expected = {
        (): '8 4 8 slurm <store> 5 mine',
        (('GPUS', '1'), ('RANKS', '1')): '1 1 1 none <store> 5 mine',
        (('STAGE', ''), ('TIME', '9')): '8 4 8 slurm <> 9 mine',
        (('GPUS', '0'), ('RANKS', '1')): '0 0 1 none <store> 5 mine',
    }
    for given, words in expected.items():
        done = subprocess.run(
            ['bash', '-euc', show, 'bash', 'mine'],
            cwd=tmp_path,
            env={'PATH': '/usr/bin:/bin', **dict(given)},
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == words, done.stderr
