"""What an audit found, as a table and as an error."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import LoadAuditError

Shape = tuple[int, ...]
Status = Literal['loaded', 'resized', 're-drawn', 'unused']

STATUSES: tuple[Status, ...] = ('loaded', 'resized', 're-drawn', 'unused')

#: Least share of the encoder's tensors that must have arrived.
MIN_SHARE = 0.95


@dataclass(frozen=True)
class AuditRow:
    """The verdict on one tensor.

    Args:
        name: Key without the prefix.
        source: Shape in the checkpoint, None if it is not there.
        target: Shape in the model, None if it is not there.
        status: 'loaded'; 'resized', if the model adapted its shape;
            're-drawn', if the model holds random numbers of its own; or
            'unused', if it is in the checkpoint only.
        overwritten: Whether it was loaded before it was drawn again.
    """

    name: str
    source: Shape | None
    target: Shape | None
    status: Status
    overwritten: bool = False


@dataclass(frozen=True)
class LoadAudit:
    """The verdict on an encoder.

    Args:
        checkpoint: Where the weights came from.
        rows: One for each tensor of model or checkpoint.
        stem: Key of the patch embedding's weight.
        hint: What to do if tensors are missing.
    """

    checkpoint: str
    rows: tuple[AuditRow, ...]
    stem: str
    hint: str = ''

    @property
    def counts(self) -> dict[Status, int]:
        """Number of tensors by status."""
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in STATUSES}

    @property
    def share(self) -> float:
        """Share of the model's tensors that arrived, 0 to 1."""
        counts = self.counts
        arrived = counts['loaded'] + counts['resized']
        return arrived / max(arrived + counts['re-drawn'], 1)

    def table(self) -> str:
        """All verdicts as text; tensors that differ by layer share a line."""
        kinds = Counter(
            (
                re.sub(r'(?<=\.)\d+(?=\.)', '*', row.name),
                _text(row.source),
                _text(row.target),
                row.status,
            )
            for row in self.rows
        )
        head = ('tensor', 'checkpoint', 'model', 'status', 'count')
        lines = [head, *((*kind, str(n)) for kind, n in kinds.items())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        body = [
            '  '.join(map(str.ljust, line, widths)).rstrip() for line in lines
        ]
        totals = ', '.join(f'{n} {name}' for name, n in self.counts.items())
        return '\n'.join(
            [
                f'Load audit of {self.checkpoint}',
                *body,
                f'{totals}: {self.share:.1%} of the encoder arrived',
            ]
        )

    @property
    def error(self) -> LoadAuditError | None:
        """What is wrong, None if the encoder arrived."""
        overwritten = [row.name for row in self.rows if row.overwritten]
        if overwritten:
            return LoadAuditError(
                self.checkpoint,
                'an encoder that keeps the values it loads',
                f'new random numbers in {_some(overwritten)}',
                'Give the init_cfg of the backbone as one dict, not a list; '
                'to go on with a pre-training, use load_from instead.',
            )
        stem = next((r for r in self.rows if r.name == self.stem), None)
        if stem is None or stem.status not in ('loaded', 'resized'):
            return LoadAuditError(
                self.checkpoint,
                f'a patch embedding of shape {_text(stem and stem.target)}',
                _text(stem and stem.source),
                self.hint
                or 'Use the channels and patch size of the pre-training.',
            )
        if self.share < MIN_SHARE:
            missing = [r.name for r in self.rows if r.status == 're-drawn']
            return LoadAuditError(
                self.checkpoint,
                f"at least {MIN_SHARE:.0%} of the encoder's tensors",
                f'{self.share:.1%}, without {_some(missing)}',
                self.hint or 'Use the architecture of the pre-training.',
            )
        return None

    def check(self) -> None:
        """Raise :attr:`error`, a LoadAuditError, if there is one."""
        if self.error is not None:
            raise self.error


def _text(shape: Shape | None) -> str:
    """A shape as '192 x 2 x 8 x 8'."""
    if shape is None:
        return 'none'
    return ' x '.join(map(str, shape)) or 'scalar'


def _some(names: Sequence[str], most: int = 3) -> str:
    """The first few of many names."""
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return ', '.join(names[:most]) + more
