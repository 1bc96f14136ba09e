"""Weights of the hub, from a stand-in over real HTTP."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from mmengine.runner import CheckpointLoader
from safetensors.torch import save

from mmseaice.engine.hub import fetch, parse_address
from mmseaice.errors import CheckpointError

COMMIT = 'c' * 40
WEIGHTS = {'line.weight': torch.arange(4.0)}
CONTENT = save(WEIGHTS)
SUM = hashlib.sha256(CONTENT).hexdigest()
ADDRESS = 'hf://ice/encoder/model.safetensors'


class Hub(BaseHTTPRequestHandler):
    """One repository with one file, one behind terms, and no others."""

    def do_HEAD(self):
        parts = self.path.split('/')[1:]
        repository = '/'.join(parts[:2])
        if repository == 'ice/terms':
            return self.refuse(403, 'GatedRepo')
        if repository != 'ice/encoder':
            return self.refuse(404, 'RepoNotFound')
        if parts[2] != 'resolve' or parts[3] not in ('main', COMMIT):
            return self.refuse(404, 'RevisionNotFound')
        if parts[4:] != ['model.safetensors']:
            return self.refuse(404, 'EntryNotFound')
        self.send_response(200)
        self.send_header('X-Repo-Commit', COMMIT)
        self.send_header('ETag', f'"{SUM}"')
        self.send_header('Content-Length', str(len(CONTENT)))
        self.end_headers()
        return True

    def do_GET(self):
        if self.do_HEAD():
            self.wfile.write(CONTENT)

    def refuse(self, status, code):
        self.send_response(status)
        self.send_header('X-Error-Code', code)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    server = ThreadingHTTPServer(('127.0.0.1', 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://127.0.0.1:{server.server_port}'
    monkeypatch.setenv('HF_ENDPOINT', address)
    cache = str(tmp_path / 'cache')
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', cache)
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    'address', [ADDRESS, f'{ADDRESS}@{COMMIT}', f'{ADDRESS}#sha256={SUM}']
)
def test_weights_come_by_their_address(hub, address):
    loaded = CheckpointLoader.load_checkpoint(address, logger='silent')
    assert torch.equal(
        loaded['state_dict']['line.weight'], WEIGHTS['line.weight']
    )


def test_without_a_network_the_cache_serves(hub):
    path = fetch(ADDRESS)
    hub.shutdown()
    hub.server_close()
    assert fetch(ADDRESS) == path
    with pytest.raises(CheckpointError, match='hf download ice/encoder more'):
        fetch('hf://ice/encoder/more')


@pytest.mark.parametrize(
    ('address', 'found', 'remedy'),
    [
        ('hf://ice/terms/a', 'not accepted', 'hf auth login'),
        ('hf://ice/none/a', 'no such repository', 'huggingface.co/ice/none'),
        ('hf://ice/encoder/a', 'without it', 'ice/encoder/tree/main'),
        (f'{ADDRESS}@v9', 'without it', 'ice/encoder/tree/v9'),
        (f'{ADDRESS}#sha256={"0" * 64}', SUM, 'replaced'),
    ],
)
def test_what_cannot_be_had_is_told(hub, address, found, remedy):
    with pytest.raises(CheckpointError) as error:
        fetch(address)
    assert found in str(error.value)
    assert remedy in error.value.remedy


@pytest.mark.parametrize(
    'address', ['hf://ice', 'hf://ice/encoder', 'hf:///a']
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(CheckpointError, match='organisation/repository'):
        parse_address(address)
