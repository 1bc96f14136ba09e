"""Reading runs no code, writing leaves whole files."""

import json
import os
import pickle
import subprocess
import sys
import textwrap

import pytest
import torch
from mmengine import fileio
from mmengine.runner import CheckpointLoader
from safetensors.torch import save_file

from mmseaice.engine import (
    latest_checkpoint,
    load_checkpoint_file,
    trusted_checkpoints,
)
from mmseaice.errors import CheckpointError, UnsafeCheckpointError


class Hostile:
    """Unpickling it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def weights():
    return {'a': torch.arange(3.0), 'b': torch.ones(2, 2)}


@pytest.fixture(params=['zip', 'legacy', 'bare pickle'])
def hostile(request, tmp_path):
    """A file that runs code when it is unpickled, and what it makes."""
    mark, path = tmp_path / 'mark', tmp_path / 'hostile.pth'
    content = {'state_dict': {}, 'meta': Hostile(mark)}
    if request.param == 'bare pickle':
        path.write_bytes(pickle.dumps(content))
    else:
        zipped = request.param == 'zip'
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path, mark


def load_directly(path):
    return load_checkpoint_file(path)


def load_by_mmengine(path):
    return CheckpointLoader.load_checkpoint(str(path), 'cpu')


@pytest.mark.parametrize('load', [load_directly, load_by_mmengine])
def test_hostile_file_is_refused_and_runs_nothing(hostile, load):
    path, mark = hostile
    with pytest.raises(UnsafeCheckpointError, match='--trust-checkpoint'):
        load(path)
    assert not mark.exists()


def test_trust_is_given_by_argument_or_block_and_ends(tmp_path):
    path = tmp_path / 'odd.pth'
    torch.save({'meta': {'odd': range(3)}}, path)
    with pytest.raises(UnsafeCheckpointError, match='range'):
        load_checkpoint_file(path)
    assert load_checkpoint_file(path, trust=True)['meta']['odd'] == range(3)
    with trusted_checkpoints():
        assert load_by_mmengine(path)['meta']['odd'] == range(3)
    with trusted_checkpoints(False), pytest.raises(UnsafeCheckpointError):
        load_by_mmengine(path)


def test_named_sources_of_upstream_are_refused():
    with pytest.raises(UnsafeCheckpointError, match='Download'):
        load_by_mmengine('torchvision://resnet18')


def test_safetensors_keep_values_and_meta(tmp_path, weights):
    path = tmp_path / 'model.safetensors'
    save_file(weights, path, metadata={'meta': '{"seed": 3}'})
    loaded = load_by_mmengine(path)
    assert loaded['meta'] == {'seed': 3}
    assert loaded['state_dict'].keys() == weights.keys()
    for key, value in weights.items():
        assert torch.equal(loaded['state_dict'][key], value)


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize('share', [0, 0.1, 0.5, 0.95])
def test_truncated_file_is_named(tmp_path, weights, suffix, share):
    path = tmp_path / f'model{suffix}'
    save = torch.save if suffix == '.pth' else save_file
    save(weights, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=path.name) as caught:
        load_checkpoint_file(path)
    assert not isinstance(caught.value, UnsafeCheckpointError)


def test_missing_file_folder_and_other_content_are_named(tmp_path):
    with pytest.raises(CheckpointError, match='nothing of that name'):
        load_checkpoint_file(tmp_path / 'no.pth')
    with pytest.raises(CheckpointError, match='folder'):
        load_checkpoint_file(tmp_path)
    path = tmp_path / 'tensor.pth'
    torch.save(torch.ones(3), path)
    with pytest.raises(CheckpointError, match='Tensor'):
        load_checkpoint_file(path)


@pytest.mark.parametrize(
    'content',
    [{'state_dict': [1]}, {'state_dict': None}, {'meta': 'text', 'a': 1}],
)
def test_file_of_another_make_is_named(tmp_path, content):
    path = tmp_path / 'odd.pth'
    torch.save(content, path)
    with pytest.raises(CheckpointError, match='expected a dictionary'):
        load_checkpoint_file(path)


@pytest.mark.parametrize('content', [b'a,b,c\n1,2,3\n', b'', b'\x89HDF'])
def test_file_of_another_kind_asks_for_no_trust(tmp_path, content):
    path = tmp_path / 'odd.pth'
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint_file(path)
    assert not isinstance(caught.value, UnsafeCheckpointError)
    assert 'a file of another kind' in str(caught.value)


def test_safetensors_with_odd_meta_are_named(tmp_path, weights):
    path = tmp_path / 'odd.safetensors'
    save_file(weights, path, {'meta': '[1]'})
    with pytest.raises(CheckpointError, match='as "meta", but got a list'):
        load_checkpoint_file(path)


RECORD = {
    'version': '0.1.0',
    'channels': ['HH', 'HV'],
    'spacings': (80.0, 160),
    'mean': None,
    'clip': [-5, 5],
    'fill': 0.0,
    'mask': ['chart', 'land'],
    'release': 'Dec-2022',
    'entry of a later version': {},
}


@pytest.mark.parametrize(
    ('record', 'message'),
    [
        ([1], 'a dictionary'),
        ('text', 'a dictionary'),
        (RECORD | {'channels': 'HH'}, 'a list of names.*channels'),
        (RECORD | {'channels': None}, 'a list of names.*channels'),
        (RECORD | {'spacings': 80}, 'a list of numbers.*spacings'),
        (RECORD | {'mean': ['a', 'b']}, 'a list of numbers.*mean'),
        (RECORD | {'std': [float('nan')]}, 'a list of numbers.*std'),
        (RECORD | {'min_valid': '0.5'}, 'a number.*min_valid'),
        (RECORD | {'mask': 3}, 'text.*mask'),
    ],
)
@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_an_odd_record_of_the_training_data_is_named(
    tmp_path, weights, record, message, suffix
):
    def write(name, record):
        path = tmp_path / f'{name}.{suffix}'
        meta = dict(mmseaice=record)
        if suffix == 'pth':
            torch.save(dict(state_dict=weights, meta=meta), path)
        else:
            save_file(weights, path, {'meta': json.dumps(meta)})
        return path

    for name, good in (('whole', RECORD), ('none', None)):
        assert load_checkpoint_file(write(name, good))['meta']
    with pytest.raises(CheckpointError, match=rf'odd\.{suffix}.*{message}'):
        load_checkpoint_file(write('odd', record))


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'iter_1.pth'
    fileio.put(b'old', path)
    with pytest.raises(TypeError):
        fileio.put('not bytes', path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['iter_1.pth']
    fileio.put_text('new', path)
    assert path.read_text() == 'new'


def test_kill_while_writing_leaves_the_old_file(tmp_path):
    """The process dies between the last byte and the final rename."""
    path = tmp_path / 'iter_1.pth'
    path.write_bytes(b'old')
    script = f"""
        import os, signal
        from mmengine import fileio
        import mmseaice.engine
        os.replace = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
        fileio.put(b'new' * 1000, {str(path)!r})
    """
    done = subprocess.run([sys.executable, '-c', textwrap.dedent(script)])
    assert done.returncode == -9
    assert path.read_bytes() == b'old'


def test_latest_checkpoint_prefers_the_named_and_survives_its_loss(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    for step in (5, 10, 9):
        torch.save({}, tmp_path / f'iter_{step}.pth')
    torch.save({}, tmp_path / 'best_loss_iter_99.pth')
    assert latest_checkpoint(tmp_path).name == 'iter_10.pth'
    named = tmp_path / 'last_checkpoint'
    # The folder was moved after the run: only the name still holds.
    named.write_text('/elsewhere/iter_5.pth')
    assert latest_checkpoint(tmp_path) == tmp_path / 'iter_5.pth'
    named.write_text('')
    assert latest_checkpoint(tmp_path).name == 'iter_10.pth'
    (tmp_path / 'iter_10.pth').write_bytes(b'PK truncated')
    assert latest_checkpoint(tmp_path).name == 'iter_9.pth'


def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path):
    for step in (1, 2):
        path = tmp_path / f'iter_{step}.pth'
        torch.save({'state_dict': {'a': torch.arange(5000.0)}}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert latest_checkpoint(tmp_path) == path
    with pytest.warns(UserWarning, match='iter_2.pth is damaged'):
        found = latest_checkpoint(tmp_path, verify=True)
    assert found == tmp_path / 'iter_1.pth'
