"""Upstream is imported whatever else is installed."""

import os
import subprocess
import sys

from mmseaice.testing import config_root


def test_a_transformers_too_new_for_mmpretrain_does_no_harm(tmp_path):
    for name, number in {
        'transformers': '5.1.0',
        'pycocotools': '2.0',
    }.items():
        package = tmp_path / name
        package.mkdir()
        (package / '__init__.py').touch()
        info = tmp_path / f'{name}-{number}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n'
        )
    root = config_root().parent
    done = subprocess.run(
        [sys.executable, '-c', 'import mmseaice.models'],
        env=os.environ | {'PYTHONPATH': f'{tmp_path}:{root}'},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
