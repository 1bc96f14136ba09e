"""What a check has found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ...errors import MMSeaIceError


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        topic: What it belongs to, such as 'train data'.
        verdict: 'ok'; 'advice' for what would work but could be better;
            'fault' for what would fail.
        text: What was found.
        remedy: What to change.
    """

    topic: str
    verdict: Literal['ok', 'advice', 'fault']
    text: str
    remedy: str = ''

    def __str__(self) -> str:
        text = f'{self.verdict.upper():<7} {self.topic}: {self.text}'
        return f'{text}\n{" " * 8}{self.remedy}' if self.remedy else text


@contextmanager
def found_faults(topic: str, findings: list[Finding]) -> Iterator[None]:
    """Make findings of errors, so that what follows is looked at as well."""
    try:
        yield
    except MMSeaIceError as error:
        text = f'expected {error.expected}, but got {error.got.strip()}'
        findings.append(
            Finding(topic, 'fault', f'{error.subject}: {text}', error.remedy)
        )
    except Exception as error:  # whatever would end the run
        lines = str(error).strip().splitlines() or ['without a message']
        text = f'{type(error).__name__}: {lines[0]}'
        findings.append(Finding(topic, 'fault', text))


def gigabytes(count: float) -> str:
    """Bytes as '1.2 GB'."""
    return f'{count / 1e9:.1f} GB' if count >= 5e7 else f'{count / 1e6:.1f} MB'
