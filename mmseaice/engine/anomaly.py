"""A step whose loss was no number: what is kept of it, and played again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn

from ..errors import CheckpointError, DatasetError
from ..utils.atomic import atomic_path
from .checkpoint import load_checkpoint_file
from .seeding import seed_step
from .weights import bare_model, load_weights

#: What tells a record from others.
_KEYS = ('scene_id', 'spacing', 'window', 'sample_idx')


class LossCheck:
    """Which losses of a step are numbers, found out without waiting.

    The answer comes to the processor while the device is busy with what
    follows the losses.

    Args:
        losses: Of a step, tensors or lists of them.
    """

    def __init__(self, losses: Mapping[str, Any]) -> None:
        self._names: list[str] = []
        flags = []
        for name, value in losses.items():
            for part in value if isinstance(value, list) else [value]:
                self._names.append(name)
                flags.append(torch.isfinite(part.detach()).all())
        found = torch.stack(flags)
        self._event = None
        if found.is_cuda:
            self._fine = torch.empty_like(
                found, device='cpu', pin_memory=True
            ).copy_(found, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record()
        else:
            self._fine = found

    def bad(self) -> list[str]:
        """Names of the losses that are no numbers."""
        if self._event is not None:
            self._event.synchronize()
        found = zip(self._names, self._fine.tolist(), strict=True)
        return list(dict.fromkeys(name for name, fine in found if not fine))


def record_texts(batch: Mapping[str, Any]) -> list[str]:
    """One line for each record of a batch."""
    texts = []
    for sample in batch.get('data_samples') or []:
        about = sample.metainfo
        words = [f'{key} {about[key]}' for key in _KEYS if key in about]
        texts.append(', '.join(words) or 'a record without a name')
    return texts or ['a batch that does not say']


def _pixels(batch: Mapping[str, Any]) -> list[torch.Tensor]:
    """The images of a batch, a tensor or a list; none if it has no such."""
    return [part.detach().cpu().clone() for part in batch.get('inputs', [])]


def write_anomaly(
    path: Path,
    model: nn.Module,
    batch: Mapping[str, Any],
    about: Mapping[str, Any],
) -> None:
    """Keep weights, pixels and step; the file holds plain values only."""
    content = dict(about)
    content['inputs'] = _pixels(batch)
    content['state_dict'] = model.state_dict()
    with atomic_path(path) as part:
        torch.save(content, part)


def replay_anomaly(runner: Runner, path: str | Path) -> str:
    """Take the step again and find the part of the model where it begins.

    Args:
        runner: A runner of the config, not yet trained.
        path: File of :func:`write_anomaly`.

    Returns:
        A sentence that says where.

    Raises:
        CheckpointError: If the file is none, or of another model.
        DatasetError: If the data have changed since.
    """
    content = load_checkpoint_file(path)
    if 'iter' not in content or 'seed' not in content:
        raise CheckpointError(
            path,
            'a file that a run with a loss that is no number has left',
            'a checkpoint' if 'meta' in content else 'something else',
            'It lies in the folder of the run: anomaly_iter_*.pth.',
        )
    model = bare_model(runner.model)
    load_weights(model, path, content)
    batch = _draw(runner, content)
    same = [
        torch.equal(a, b)
        for a, b in zip(_pixels(batch), content['inputs'], strict=True)
    ]
    if not all(same):
        raise DatasetError(
            path,
            'the data that the step was made of',
            'others',
            'Replay it with the same config, options and store.',
        )
    seed_step(content['seed'], content['rank'], content['iter'])
    wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    # In the precision of the run.
    with wrapper.optim_context(model):
        return _watch(model, batch)


def _draw(runner: Runner, content: Mapping[str, Any]) -> dict[str, Any]:
    """The batch of the step, drawn again."""
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    loop, loader = runner.train_loop, runner.train_loop.dataloader
    if isinstance(loop, EpochBasedTrainLoop):
        if content['ranks'] > 1:
            raise CheckpointError(
                'the step to replay',
                'of one rank, as the run goes by epochs',
                f'one of {content["ranks"]} ranks',
                'Run the training on one, until it fails there.',
            )
        epoch, number = divmod(content['iter'], len(loader))
        loader.sampler.set_epoch(epoch)
        return next(islice(loader, number, None))
    loader.sampler.rank = content['rank']
    loader.sampler.world_size = content['ranks']
    iterator = loop.dataloader_iterator
    iterator.skip_iter(content['iter'])
    return next(iterator)


def _watch(model: nn.Module, batch: dict[str, Any]) -> str:
    """Run the step with an eye on every part."""
    first: list[str] = []

    def look(name: str, module: nn.Module, args: Any, output: Any) -> None:
        parts = output if isinstance(output, (list, tuple)) else [output]
        tensors = [part for part in parts if isinstance(part, torch.Tensor)]
        if not all(bool(torch.isfinite(part).all()) for part in tensors):
            first.append(f'{name} ({type(module).__name__})')

    handles = [
        module.register_forward_hook(partial(look, name))
        for name, module in model.named_modules()
        if name
    ]
    model.train()
    data = model.data_preprocessor(batch, True)
    try:
        with torch.autograd.detect_anomaly():
            losses = model(**data, mode='loss')
            total, _ = model.parse_losses(losses)
            if not first and torch.isfinite(total):
                total.backward()
    except RuntimeError as error:
        return f'It begins in the gradient: {str(error).splitlines()[0]}'
    finally:
        for handle in handles:
            handle.remove()
    if first:
        return f'It begins in the output of {first[0]}.'
    if bad := LossCheck(losses).bad():
        return f'It begins in the loss itself: {", ".join(bad)}.'
    return 'Nothing was wrong this time, so it is not the data or weights.'
