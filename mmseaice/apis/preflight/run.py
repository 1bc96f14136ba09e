"""All checks of a config, one after the other."""

from __future__ import annotations

import copy
import math
import os
import statistics
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ...engine.checkpoint import load_checkpoint_file
from ...registry import DATASETS, HOOKS, MODELS
from .disk import check_disk
from .findings import Finding, found_faults, gigabytes
from .memory import batch_bytes, checkpoint_bytes, state_bytes

#: Crops of a step on a CPU, which only tells how much one crop takes.
_CROPS = 2
_STEPS = 3
_BATCHES = 4

#: Seconds from the start of a job to its first step, about.
STARTUP = 60

#: A GPU needs some memory for itself and for what the allocator wastes.
_WASTE = 1.15


def preflight(
    cfg: Config,
    gpu_memory: float | None = None,
    time_limit: float | None = None,
    margin: float = 120,
) -> list[Finding]:
    """Look at everything that a training will need.

    Each check goes on where another has found a fault, as far as it can.

    Args:
        cfg: Config of the training, with ``work_dir``.
        gpu_memory: Bytes of one GPU; by default of the one that is there.
        time_limit: Seconds of one job.
        margin: Seconds before its end at which it saves and stops.

    Returns:
        What was found, in the order of the checks.
    """
    init_default_scope('mmseaice')
    # The logger made last is the current one; what mmengine tells it of
    # every weight is not asked for here.
    MMLogger.get_instance('preflight', log_level='ERROR')
    findings: list[Finding] = []
    for part in ('train', 'val', 'test'):
        with found_faults(f'{part} data', findings):
            findings += _check_data(cfg, part)
    model = None
    with found_faults('model', findings):
        model = _build_model(cfg, findings)
    if model is None:
        return findings
    count = count_checkpoints(cfg)
    findings += check_disk(cfg.work_dir, count * checkpoint_bytes(model))
    train_data = [f for f in findings if f.topic == 'train data']
    if any(finding.verdict == 'fault' for finding in train_data):
        findings.append(
            Finding('step', 'advice', 'not tried, as there are no data.')
        )
        return findings
    with found_faults('step', findings):
        findings += _check_step(cfg, model, gpu_memory, time_limit, margin)
    return findings


def _check_data(cfg: Config, part: str) -> Iterator[Finding]:
    """Build a data set and read its first and last record."""
    loader = cfg.get(f'{part}_dataloader')
    if loader is None:
        return
    topic = f'{part} data'
    dataset = DATASETS.build(copy.deepcopy(loader.dataset))
    for index in (0, len(dataset) - 1):
        dataset[index]
    channels = ', '.join(getattr(dataset, 'channels', ())) or 'unnamed'
    yield Finding(topic, 'ok', f'{len(dataset)} records of {channels}')
    workers, cores = loader.get('num_workers', 0), len(os.sched_getaffinity(0))
    if workers > cores:
        yield Finding(
            topic,
            'advice',
            f'{workers} workers on {cores} cores',
            f'Set {part}_dataloader.num_workers={cores}, or ask for more '
            '(CPUS).',
        )


def count_checkpoints(cfg: Config) -> int:
    """Checkpoints that lie in the folder of the run at once."""
    hook = cfg.get('default_hooks', {}).get('checkpoint', {})
    best = hook.get('save_best') or []
    best = len([best] if isinstance(best, str) else best)
    keep = hook.get('max_keep_ckpts', -1)
    if keep > 0:
        # One more while the next is written.
        return keep + 1 + best
    length = cfg.train_cfg.get('max_epochs') or cfg.train_cfg.max_iters
    return length // hook.get('interval', length) + 1 + best


def _encoders(node: Any, path: str = 'model') -> Iterator[tuple[str, str]]:
    """Names of the options with files of pre-trained weights, and these."""
    if isinstance(node, Mapping):
        if node.get('type') == 'Pretrained' and 'checkpoint' in node:
            yield f'{path}.checkpoint', node['checkpoint']
        for key, value in node.items():
            yield from _encoders(value, f'{path}.{key}')
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _encoders(value, f'{path}.{index}')


def _build_model(cfg: Config, findings: list[Finding]) -> BaseModel:
    """The model with its encoder, or without where that is missing."""
    about = copy.deepcopy(cfg.model)
    missing = False
    for option, file in _encoders(cfg.model):
        with found_faults('encoder', findings):
            missing = True
            load_checkpoint_file(file)
            missing = False
            findings.append(Finding('encoder', 'ok', f'{option}: {file}'))
    model = MODELS.build(about)
    if not missing:
        with found_faults('encoder', findings):
            model.init_weights()
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    text = f'{type(model).__name__}, {count / 1e6:.1f} million weights trained'
    findings.append(Finding('model', 'ok', text))
    return model


def _check_step(
    cfg: Config,
    model: BaseModel,
    gpu_memory: float | None,
    time_limit: float | None,
    margin: float,
) -> Iterator[Finding]:
    """Take some steps: memory, time, and how often a job must come back."""
    cuda = torch.cuda.is_available()
    device = torch.device('cuda' if cuda else 'cpu')
    loader_cfg = copy.deepcopy(cfg.train_dataloader)
    batch_size = loader_cfg.batch_size
    loader = Runner.build_dataloader(loader_cfg, seed=0)
    batch, data_seconds = _draw(loader)
    if not cuda:
        batch = {k: v[:_CROPS] for k, v in batch.items()}
    crops = len(batch['inputs'])
    model.to(device).train()
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    recompute = cfg.get('default_hooks', {}).get('recompute')
    if recompute is not None:
        HOOKS.build(recompute).wrap(model)
    with wrapper.optim_context(model):
        kept = batch_bytes(model, batch, batch_size)
    seconds = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        model.train_step(batch, optim_wrapper=wrapper)
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    step = statistics.median(seconds) * batch_size / crops
    needed = (state_bytes(model) + kept) * _WASTE
    if cuda:
        needed = torch.cuda.max_memory_allocated() * _WASTE
        gpu_memory = gpu_memory or torch.cuda.mem_get_info()[1]
    yield _judge_memory(needed, gpu_memory, batch_size)
    where = torch.cuda.get_device_name() if cuda else 'this CPU'
    text = f'{step:.2f} s on {where}, data {data_seconds:.2f} s'
    if data_seconds > 1.1 * step and cuda:
        yield Finding(
            'step',
            'advice',
            f'{text}: the GPU will wait for data',
            'Raise train_dataloader.num_workers, or stage the store (STAGE).',
        )
    else:
        yield Finding('step', 'ok', text)
    total = _steps(cfg, loader) * max(step, data_seconds)
    yield from _judge_time(total, step, time_limit, margin, where)


def _draw(loader: DataLoader) -> tuple[dict[str, Any], float]:
    """A batch, and the seconds that each takes once workers are busy."""
    iterator = iter(loader)
    batch = next(iterator)
    began = time.perf_counter()
    count = sum(1 for _ in islice(iterator, _BATCHES))
    seconds = (time.perf_counter() - began) / max(count, 1)
    return batch, seconds


def _steps(cfg: Config, loader: DataLoader) -> int:
    steps = cfg.train_cfg.get('max_iters')
    return steps or cfg.train_cfg.max_epochs * len(loader)


def _judge_memory(
    needed: float, gpu_memory: float | None, batch_size: int
) -> Finding:
    text = f'about {gigabytes(needed)} for {batch_size} crops'
    if gpu_memory is None:
        remedy = 'Give --gpu-memory to have it compared.'
        return Finding('memory', 'ok', f'{text} on each GPU', remedy)
    text += f' on a GPU of {gigabytes(gpu_memory)}'
    if needed > gpu_memory:
        fitting = max(int(batch_size * gpu_memory / needed), 1)
        remedy = (
            f'About {fitting} crops fit: train with --accumulate '
            f'{_parts(batch_size, fitting)}, --amp, or '
            'default_hooks.recompute.type=RecomputeHook.'
        )
        return Finding('memory', 'fault', text, remedy)
    return Finding('memory', 'ok', text)


def _parts(batch_size: int, fitting: int) -> int:
    """Parts of a batch, equally large, each of which fits."""
    return next(
        parts
        for parts in range(1, batch_size + 1)
        if batch_size % parts == 0 and batch_size // parts <= fitting
    )


def _judge_time(
    total: float,
    step: float,
    time_limit: float | None,
    margin: float,
    where: str,
) -> Iterator[Finding]:
    text = f'{total / 3600:.1f} h of training at the speed of {where}'
    if time_limit is None:
        yield Finding('time', 'ok', text)
        return
    turn = time_limit - margin - STARTUP
    if turn < step:
        yield Finding(
            'time',
            'fault',
            f'a job of {time_limit / 3600:.1f} h that stops {margin:.0f} s '
            'before its end comes to no step',
            'Ask for more (TIME), or save later (MARGIN).',
        )
        return
    requeues = math.ceil(total / turn) - 1
    times = 'once' if requeues == 1 else f'{requeues} times'
    again = f'comes back {times}' if requeues else 'ends in one turn'
    yield Finding(
        'time', 'ok', f'{text}: a job of {time_limit / 3600:.1f} h {again}'
    )
