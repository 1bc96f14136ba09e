"""Feed damaged copies of a file to its reader: `python feed.py KIND ...`.

Run in a process of its own, as a reader may crash it. Each case is announced
before it is tried and judged after it, one line of JSON each.
"""

from __future__ import annotations

import json
import random
import re
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from mmseaice.errors import MMSeaIceError

#: Seconds that a reader may take for a tiny file.
PATIENCE = 20

#: What may stand where a reader looks for a number or a word.
ODD = (b'-1', b'0', b'1e999', b'nan', b'9' * 20, b'2.5', b'null', b'[]', b'x')


def damage(content: bytes, draw: random.Random) -> bytes:
    """One of the ways in which files get broken."""
    data = bytearray(content)
    # Half of the time where most can go wrong: in the first bytes.
    end = len(data) if draw.random() < 0.5 else min(len(data), 4096)
    place = draw.randrange(max(end, 1))
    kind = draw.choice(
        ('flip', 'cut', 'blank', 'insert', 'swap', 'noise', 'number')
    )
    size = min(draw.choice((1, 4, 64, 512)), max(len(data) - place, 1))
    if kind == 'flip':
        for _ in range(draw.choice((1, 8, 64))):
            spot = draw.randrange(max(end, 1))
            if data:
                data[spot] ^= 1 << draw.randrange(8)
    elif kind == 'cut':
        del data[place:]
    elif kind == 'blank':
        data[place : place + size] = bytes(size)
    elif kind == 'insert':
        data[place:place] = draw.randbytes(size)
    elif kind == 'number':
        found = list(re.finditer(rb'-?\d[\d.e+-]*|true|"\w+"', data))
        if found:
            start, stop = draw.choice(found).span()
            data[start:stop] = draw.choice(ODD)
    elif kind == 'swap':
        other = draw.randrange(max(end, 1))
        part = bytes(data[other : other + size])
        data[place : place + len(part)] = part
    else:
        data[place : place + size] = draw.randbytes(size)
    return bytes(data)


def read_scene(path: Path) -> None:
    """Open a scene and read all of it."""
    from mmseaice.scenes import open_scene

    scene = open_scene(path)
    assert scene['HH'].dims == ('y', 'x')
    scene.load()


def read_stream(path: Path) -> None:
    """Read a scene as inference does, some lines at a time."""
    from mmseaice.scenes.open_stream import stream_scene

    stream = stream_scene(path, ('HH', 'HV'), 160)
    for _, block in stream.blocks():
        assert block.image.shape[-1] == stream.shape[1]


def read_checkpoint(path: Path) -> None:
    """Load a checkpoint."""
    from mmseaice.engine import load_checkpoint_file

    assert isinstance(load_checkpoint_file(path), dict)


def read_store(path: Path) -> None:
    """Open a store and read a scene of it."""
    from mmseaice.scenes import SceneStore

    store = SceneStore(path)
    for name in store.scene_ids:
        store.describe([name])
        scene = store[name]
        assert scene.read(store.spacings[0])
        assert isinstance(scene.place, dict)


READERS: dict[str, Callable[[Path], None]] = {
    'scene': read_scene,
    'stream': read_stream,
    'checkpoint': read_checkpoint,
    'store': read_store,
}


def broken_copy(source: Path, folder: Path, draw: random.Random) -> Path:
    """A copy with one damaged file, the file itself or one of a folder."""
    target = folder / source.name
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        files = sorted(p for p in target.rglob('*') if p.is_file())
        victim = draw.choice(files)
        if draw.random() < 0.1:
            victim.unlink()
            return target
    else:
        shutil.copyfile(source, target)
        victim = target
    victim.write_bytes(damage(victim.read_bytes(), draw))
    return target


def too_long(number: int, frame: object) -> None:
    """The end of a reader's time."""
    raise TimeoutError('a hang')


def say(**words: object) -> None:
    """One line for the test that reads this."""
    print(json.dumps(words), flush=True)


def main(kind: str, source: str, folder: str, first: str, last: str) -> None:
    """Try the cases from ``first`` to before ``last``."""
    warnings.simplefilter('ignore')
    read = READERS[kind]
    read(Path(source))
    signal.signal(signal.SIGALRM, too_long)
    for number in range(int(first), int(last)):
        say(begins=number)
        path = broken_copy(Path(source), Path(folder), random.Random(number))
        signal.alarm(PATIENCE)
        try:
            read(path)
            verdict = 'read'
        except MMSeaIceError as error:
            verdict = 'named'
            if Path(source).name not in str(error):
                verdict = f'without the file: {error}'
        except Exception as error:
            verdict = f'{type(error).__name__}: {error}'
        finally:
            signal.alarm(0)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        say(ends=number, verdict=verdict, memory=usage.ru_maxrss)


if __name__ == '__main__':
    main(*sys.argv[1:])
