"""A stand-in of the hub that misbehaves over real HTTP."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

#: Runs the tool with the sums of the stand-in's archives.
DRIVER = """
import json, os, sys, time
from huggingface_hub import constants
from mmseaice.scenes.download import campaign, fetch, sources
files = json.loads(os.environ['STAND_IN_FILES'])
sources.HUB_FILES.clear()
sources.HUB_FILES.update(files)
sources.ARTICLE_FILES = os.environ['STAND_IN_ARTICLES']
sources.article_files.__defaults__ = (sources.ARTICLE_FILES,)
for name in campaign.ARCHIVE_BYTES:
    campaign.ARCHIVE_BYTES[name] = float(os.environ['STAND_IN_BYTES'])
# Small files must be written in several goes, and nobody waits for us.
constants.DOWNLOAD_CHUNK_SIZE = 4096
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.01))
import runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def make_archive(scenes):
    """A tar.gz of named contents, as bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w:gz') as archive:
        for name, content in scenes.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def make_scenes(split, count=4, size=60_000):
    """Contents that do not compress, by name."""
    rng = np.random.default_rng(len(split))
    return {f'{split}/{i}_prep.nc': rng.bytes(size + i) for i in range(count)}


def assert_whole(out, *splits):
    """Every scene of the splits is there, and nothing half written."""
    for split in splits:
        count = 4 if split == 'train' else 2
        for name, content in make_scenes(split, count).items():
            assert (out / name).read_bytes() == content
    assert not list(out.rglob('*.part'))


class StandIn(ThreadingHTTPServer):
    """Serves files by name, each with a list of faults to make first."""

    daemon_threads = True
    make_archive = staticmethod(make_archive)

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.files, self.faults, self.requests = {}, {}, []
        # Bytes too many that the list of an article tells.
        self.lie = 0
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self.lock = threading.Lock()

    @property
    def address(self):
        return f'http://127.0.0.1:{self.server_port}'

    def next_fault(self, name):
        with self.lock:
            left = self.faults.get(name, [])
            return left.pop(0) if left else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        server, path = self.server, self.path.partition('?')[0]
        if '/articles/' in path:
            return self.list_article()
        name = path.rpartition('/')[2]
        if name not in server.files:
            self.send_error(404)
            return None
        content = server.files[name]
        start = 0
        wanted = self.headers.get('Range')
        if wanted:
            start = int(wanted.removeprefix('bytes=').partition('-')[0])
        fault = server.next_fault(name) if body else None
        if body:
            server.requests.append((name, start, fault))
        if fault == 'busy':
            self.send_error(503)
            return None
        if fault == 'corrupt':
            flipped = bytes([content[-1] ^ 255])
            content = content[:-1] + flipped
        part = content[start:]
        self.send_response(206 if wanted else 200)
        if wanted:
            last = len(content) - 1
            span = f'bytes {start}-{last}/{len(content)}'
            self.send_header('Content-Range', span)
        length = len(part)
        if fault == 'truncate':
            length = len(part) // 2
        self.send_header('Content-Length', str(length))
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('X-Repo-Commit', 'a' * 40)
        etag = hashlib.sha256(server.files[name]).hexdigest()
        self.send_header('ETag', f'"{etag}"')
        if fault == 'drop':
            self.send_header('Connection', 'close')
        self.end_headers()
        if not body:
            return None
        half = fault in ('drop', 'stall')
        self.wfile.write(part[: len(part) // 2] if half else part[:length])
        if fault == 'stall':
            self.wfile.flush()
            server.stalled.set()
            server.go_on.wait(60)
        if fault == 'drop':
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
        return None

    def list_article(self):
        server = self.server
        listed = [
            {
                'name': name,
                'size': len(content) + server.lie,
                'computed_md5': hashlib.md5(content).hexdigest(),
                'download_url': f'{server.address}/files/{name}',
            }
            for name, content in server.files.items()
            if name.startswith('raw')
        ]
        text = json.dumps(listed).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def hub():
    """The stand-in with one train archive in two pieces, and a test one."""
    server = StandIn()
    train = make_archive(make_scenes('train'))
    half = len(train) * 2 // 3
    server.files = {
        'metadata.csv': b'input_path,split\n',
        'train.tar.gzaa': train[:half],
        'train.tar.gzab': train[half:],
        'test.tar.gz': make_archive(make_scenes('test', 2)),
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def download(hub, tmp_path, request):
    """Run the tool against the stand-in."""
    tool = request.config.rootpath / 'tools/data/download_ai4arctic.py'

    def _download(*args, start=False, room=1e5, check=True):
        def sums(*names):
            return {n: hashlib.md5(hub.files[n]).hexdigest() for n in names}

        files = {
            'metadata': sums('metadata.csv'),
            'train': sums('train.tar.gzaa', 'train.tar.gzab'),
            'test': sums('test.tar.gz'),
        }
        env = os.environ | {
            'STAND_IN_FILES': json.dumps(files | hub.__dict__.get('sums', {})),
            'STAND_IN_BYTES': str(room),
            'STAND_IN_ARTICLES': f'{hub.address}/articles/{{}}/files',
            'HF_ENDPOINT': hub.address,
            'HF_HOME': str(tmp_path / 'hf'),
            'HF_HUB_DISABLE_XET': '1',
            'PYTHONPATH': str(request.config.rootpath),
            'no_proxy': '127.0.0.1',
        }
        command = [sys.executable, '-c', DRIVER, str(tool), *map(str, args)]
        if start:
            return subprocess.Popen(command, env=env)
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=120
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    _download.assert_whole = assert_whole
    return _download
