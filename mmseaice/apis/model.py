"""A trained model from its config and checkpoint."""

from __future__ import annotations

import os

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope

from ..engine import (
    load_checkpoint_file,
    load_weights,
    trusted_checkpoints,
)
from ..registry import MODELS
from ..utils.quiet import import_upstream_quietly


def init_model(
    config: str | os.PathLike | Config,
    checkpoint: str | os.PathLike,
    device: str | torch.device | None = None,
    trust_checkpoint: bool = False,
) -> BaseModel:
    """Build a model and fill it with the weights of a checkpoint.

    Args:
        config: Config of the run, or the path of one.
        checkpoint: File of the weights; every one of the model must be
            there.
        device: Where the model should live; the first GPU by default, the
            CPU without one.
        trust_checkpoint: Whether the checkpoint may run code.

    Returns:
        The model in evaluation mode, with the config as ``cfg`` and the
        record of how its training data were prepared as ``parity``, None
        if the checkpoint carries none.

    Raises:
        CheckpointError: If the file cannot be read, or holds the weights of
            another model.
        ValueError: If there is no such device.
    """
    import_upstream_quietly()
    cfg = config if isinstance(config, Config) else Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmseaice'))
    model = MODELS.build(cfg.model)
    with trusted_checkpoints(trust_checkpoint):
        content = load_checkpoint_file(checkpoint)
    load_weights(model, checkpoint, content)
    model.cfg = cfg
    model.parity = content.get('meta', {}).get('mmseaice')
    if device is None:
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        return model.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f'device must be one that is here, but got {device!r}: '
            f'{str(error).splitlines()[0]}'
        ) from error
