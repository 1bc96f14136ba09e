"""What is written is standard JSON."""

import json
import math

import numpy as np
import pytest

from mmseaice.utils.json_file import finite, write_json


def test_numbers_that_do_not_exist_are_null(tmp_path):
    content = {'a': 1, 'b': math.nan, 'c': [math.inf, (np.float64(2.5), 'x')]}
    wanted = {'a': 1, 'b': None, 'c': [None, [2.5, 'x']]}
    assert finite(content) == wanted
    write_json(tmp_path / 'out/a.json', content)
    assert json.loads((tmp_path / 'out/a.json').read_text()) == wanted


def test_what_json_cannot_hold_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.json'
    write_json(path, 1)
    with pytest.raises(TypeError):
        write_json(path, {'a': object()})
    assert json.loads(path.read_text()) == 1
