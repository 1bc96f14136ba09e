"""A published model: a flat folder that can be checked without running code.

It holds the weights as safetensors, the config, the parity record, a model
card, and ``SHA256SUMS`` of them all, which ``sha256sum -c`` reads as well.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from safetensors.torch import save_file

from ..errors import CheckpointError, MMSeaIceError
from ..utils.atomic import atomic_path
from ..utils.checksum import sha256_of
from ..utils.json_file import finite
from .pretrained import pretrained_entry

WEIGHTS, CONFIG, PARITY = 'model.safetensors', 'config.py', 'parity.json'
CARD, MANIFEST = 'README.md', 'SHA256SUMS'

#: Roots of the data that configs take from the environment, and their
#: defaults, which mean something on other machines, too.
ROOTS = {'MMSEAICE_DATA': 'data', 'MMSEAICE_SHARED_DATA': '../shared/data'}

_LINE = re.compile(r'([0-9a-f]{64})  ([\w+-][\w.+-]*)')


def write_manifest(folder: Path) -> Path:
    """Write the sums of all files of a folder."""
    with atomic_path(folder / MANIFEST) as part:
        lines = [
            f'{sha256_of(path)}  {path.name}\n' for path in _files(folder)
        ]
        part.write_text(''.join(lines))
    return folder / MANIFEST


def read_manifest(path: Path) -> dict[str, str]:
    """The sums in a manifest, by file name.

    Raises:
        MMSeaIceError: If it is missing, or a line is no sum and plain name.
    """
    if not path.is_file():
        raise MMSeaIceError(
            path,
            'the manifest of a published model',
            'nothing of that name',
            'Give a folder that tools/models/publish_model.py wrote.',
        )
    sums = {}
    for line in path.read_text(encoding='utf-8', errors='replace').split('\n'):
        match = _LINE.fullmatch(line.strip())
        if match:
            sums[match[2]] = match[1]
        elif line.strip():
            raise MMSeaIceError(
                path, 'lines of a sum and the name of a file', repr(line)
            )
    return sums


def manifest_problems(folder: Path) -> list[str]:
    """What a folder holds other than its manifest says, a line for each."""
    sums = read_manifest(folder / MANIFEST)
    present = {path.name: path for path in _files(folder)}
    problems = [f'{name} is missing' for name in sums if name not in present]
    problems += [
        f'{name} is not in {MANIFEST}' for name in present if name not in sums
    ]
    problems += [
        f'{name} was changed after {MANIFEST} was written'
        for name, path in present.items()
        if name in sums and sha256_of(path) != sums[name]
    ]
    needed = (WEIGHTS, CONFIG, PARITY)
    return problems + [f'{n} is not listed' for n in needed if n not in sums]


def _files(folder: Path) -> list[Path]:
    """What a manifest speaks of; hubs add hidden files of their own."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.name != MANIFEST and not path.name.startswith('.')
    )


def save_weights(
    path: Path, weights: Mapping[str, torch.Tensor], record: Mapping
) -> None:
    """Write weights as safetensors, with the parity record in the header."""
    meta = json.dumps({'mmseaice': finite(record)})
    # Views of one storage must part.
    tensors = {
        key: value.detach().cpu().contiguous().clone()
        for key, value in weights.items()
    }
    with atomic_path(path) as part:
        save_file(tensors, part, {'format': 'pt', 'meta': meta})


def portable_config(cfg: Config) -> Config:
    """A copy of a config that says nothing of the machine it ran on.

    Roots of the data become their defaults, other absolute paths the name of
    their file; the encoder's own checkpoint is dropped, because the weights
    are whole.
    """
    content = _without_paths(cfg.to_dict())
    for key in ('work_dir', 'launcher', 'experiment_name'):
        content.pop(key, None)
    content |= {'load_from': None, 'resume': False}
    backbone = content['model'].get('backbone') or {}
    if pretrained_entry(backbone.get('init_cfg')):
        backbone['init_cfg'] = None
    return Config(content)


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_paths(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_without_paths(item) for item in value)
    if not isinstance(value, str):
        return value
    for variable, default in ROOTS.items():
        root = os.environ.get(variable)
        if root and value.startswith(root):
            value = default + value.removeprefix(root)
    return Path(value).name if os.path.isabs(value) else value


def read_plain_config(path: Path) -> Config:
    """Read a config that is nothing but values, without running it.

    Raises:
        CheckpointError: If it holds anything that would have to be run.
    """
    try:
        tree = ast.parse(path.read_text(encoding='utf-8'))
        return Config(dict(_assignment(node) for node in tree.body))
    except (SyntaxError, ValueError) as error:
        raise CheckpointError(
            path,
            'assignments of plain values',
            str(error),
            'Read it before you run it.',
        ) from error


def _assignment(node: ast.stmt) -> tuple[str, Any]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, _value(value)
    raise ValueError(f'something else in line {node.lineno}')


def _value(node: ast.expr) -> Any:
    """The value of a literal, where ``dict(a=1)`` counts as one."""
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=pairs):
            if all(pair.arg for pair in pairs):
                return {pair.arg: _value(pair.value) for pair in pairs}
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_value(key): _value(value) for key, value in pairs}
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f'something else in line {node.lineno}') from None


def unknown_types(model: Mapping) -> list[str]:
    """Types in the config of a model that no library of ours registered.

    A registry that does not know a type imports what its name says, so it
    must not be asked about the types of a stranger's config.
    """
    from mmpretrain import registry as mmpretrain
    from mmseg import registry as mmseg

    from .. import registry as mmseaice

    known = set()
    for room in (mmseaice, mmseg, mmpretrain):
        for kind in ('MODELS', 'WEIGHT_INITIALIZERS', 'TASK_UTILS'):
            registry = getattr(room, kind)
            registry.import_from_location()
            while registry is not None:
                names = registry.module_dict
                known |= {*names, *(f'{registry.scope}.{n}' for n in names)}
                registry = registry.parent
    return sorted({str(t) for t in _types(model) if t not in known})


def _types(value: Any) -> Iterator[Any]:
    """Every ``type`` in a nesting of dicts and lists."""
    if isinstance(value, Mapping):
        if 'type' in value:
            yield value['type']
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _types(item)
