"""What a config and a file say about a pre-trained encoder."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.model.weight_init import PretrainedInit
from mmengine.runner import CheckpointLoader

from . import checkpoint as _  # noqa: F401 makes the loader strict
from .parity import has_record


def pretrained_entry(init_cfg: dict | list | None) -> dict | None:
    """The entry of an ``init_cfg`` that loads a checkpoint, if any."""
    entries = init_cfg if isinstance(init_cfg, list) else [init_cfg or {}]
    for entry in entries:
        if entry.get('type') in ('Pretrained', PretrainedInit):
            return entry
    return None


def read_parity(checkpoint: str) -> Mapping | None:
    """The parity record of a checkpoint, None if it carries none.

    No weights are read, whatever the size of the file.

    Args:
        checkpoint: File or web address.

    Raises:
        CheckpointError: If the file cannot be read safely.
    """
    content = CheckpointLoader.load_checkpoint(
        checkpoint, map_location='meta', logger='silent'
    )
    record = content.get('meta', {}).get('mmseaice')
    return record if has_record(record) else None
