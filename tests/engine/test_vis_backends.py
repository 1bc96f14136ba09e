import sys
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from mmseaice.registry import VISBACKENDS


@pytest.fixture
def logged(monkeypatch):
    """A stand-in for mlflow, and what it was given."""
    given = []
    mlflow = SimpleNamespace(
        set_tracking_uri=lambda uri: None,
        get_experiment_by_name=lambda name: None,
        create_experiment=lambda name, **options: None,
        set_experiment=lambda name: None,
        set_tags=lambda tags: None,
        set_tag=lambda name, value: None,
        log_image=lambda image, name: given.append((name, image)),
        active_run=lambda: object(),
    )
    monkeypatch.setitem(sys.modules, 'mlflow', mlflow)
    return given


def test_pictures_have_a_format_and_do_not_overwrite_each_other(
    logged, tmp_path
):
    with DefaultScope.overwrite_default_scope('mmseaice'):
        backend = VISBACKENDS.build(
            dict(type='MLflowVisBackend', save_dir=str(tmp_path))
        )
    image = np.zeros((4, 5, 3), np.uint8)
    for step in (1000, 2000):
        backend.add_image('20210101T000000_dmi', image, step)
    names = [name for name, _ in logged]
    assert names == [f'20210101T000000_dmi_{n}000.png' for n in (1, 2)]
    assert logged[0][1] is image
