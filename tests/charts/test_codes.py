from __future__ import annotations

import subprocess
import sys

import pytest

from mmseaice.charts import IGNORE, TASKS, get_task


@pytest.mark.parametrize('task', TASKS.values(), ids=TASKS)
def test_table_is_consistent(task):
    assert len(task.palette) == task.num_classes
    assert len(task.output_codes) == task.num_classes
    assert set(task.code_map.values()) - {IGNORE} == set(
        range(task.num_classes)
    )
    # What we write, we read back as the class it came from. Only open
    # water may have no code of its own: the field stays empty.
    read = [task.code_map.get(code, 0) for code in task.output_codes]
    assert read == list(range(task.num_classes))
    empty = [i for i, code in enumerate(task.output_codes) if code == -9]
    assert empty == ([0] if task.name == 'FLOE' else [])


def test_unknown_task_names_the_known():
    with pytest.raises(ValueError, match='SIC, SOD, FLOE'):
        get_task('THICKNESS')


def test_science_rooms_need_no_torch():
    code = (
        'import sys, mmseaice.charts, mmseaice.scenes;'
        'heavy = {"torch", "mmengine", "mmcv", "mmseg", "mmpretrain"};'
        'print(sorted(heavy & set(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.stdout.strip() == '[]', done.stderr
