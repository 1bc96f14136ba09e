"""Studies to read, and what their runs leave."""

import json

import pytest

from mmseaice.testing import config_root
from mmseaice.utils import studies


@pytest.fixture
def study(tmp_path):
    """Write a study and read it."""

    def _study(*lines):
        path = tmp_path / 'study.txt'
        path.write_text('\n'.join(lines))
        root = config_root().parent
        return studies.read_study(path, tmp_path / 'runs', root)

    return _study


@pytest.fixture
def leave():
    """Write what a run leaves in its folder."""
    return write_run


def write_run(run, score, losses=(3.0, 2.0)):
    """What a run leaves: logs of a killed and a resumed training, scores."""
    lines = [
        json.dumps({'loss': loss, 'time': 2.0, 'step': 10 * (i + 1)})
        for i, loss in enumerate(losses)
    ]
    for name, text in {
        '2026_1': '\n'.join([lines[0], '{"loss": 9, "time": 1.0, "step": 2']),
        '2026_2': '\n'.join([*lines, '{"AutoICE/combined": 1, "step": 20}']),
    }.items():
        log = run.work_dir / name / 'vis_data/scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text(text)
    if score is not None:
        path = studies.metrics_path(run)
        path.parent.mkdir()
        scores = {'AutoICE/combined': score, 'AutoICE/SIC.r2': None}
        path.write_text(json.dumps({'scores': scores, 'checkpoint': 'a.pth'}))
