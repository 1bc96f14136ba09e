"""Compare how data are prepared with how a model was trained on them.

The record is a plain dict that travels in ``checkpoint['meta']['mmseaice']``
and that every data set offers as ``metainfo['parity']``: resampler, spacings
(m), channels, units, mean, std, clip, fill, mask, release, label_rule,
chart_resampling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import CheckpointError, ParityError

#: Entries that say who wrote the record, not how the data were prepared.
INFORMATIVE = frozenset({'version'})

#: Entries that an encoder's pixels must share with those it goes on with.
PIXEL_ENTRIES = (
    'channels',
    'units',
    'scaling',
    'mean',
    'std',
    'clip',
    'fill',
)

#: Entries that only matter where both sides have labels.
LABEL_ENTRIES = frozenset({'label_rule', 'chart_resampling'})

_TEXTS = (
    'scaling',
    'resampler',
    'mask',
    'release',
    'label_rule',
    'chart_resampling',
)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_list(value: Any, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, list | tuple) and all(map(of, value))


#: What an entry must be, in words and as a test, and whether None will do.
_TYPES: dict[str, tuple[str, Callable[[Any], bool], bool]] = {
    **{
        name: ('a list of names', lambda v: _is_list(v, _is_text), False)
        for name in ('channels', 'units')
    },
    'spacings': (
        'a list of numbers',
        lambda v: _is_list(v, _is_number),
        False,
    ),
    **{
        name: ('a list of numbers', lambda v: _is_list(v, _is_number), True)
        for name in ('mean', 'std', 'clip')
    },
    **{name: ('a number', _is_number, True) for name in ('fill', 'min_valid')},
    **{
        name: ('text', lambda v: _is_text(v) or _is_list(v, _is_text), True)
        for name in _TEXTS
    },
}


def check_record(path: Any, record: Any) -> None:
    """Refuse what a checkpoint has in the place of a record.

    Args:
        path: The checkpoint.
        record: Its ``meta['mmseaice']``, None if it has none.

    Raises:
        CheckpointError: If it is no mapping, or an entry that is known here
            has a value of another type.
    """
    if record is None:
        return
    wrong = []
    if not isinstance(record, Mapping):
        wrong.append(('a dictionary as meta["mmseaice"]', record))
    else:
        for name in record.keys() & _TYPES.keys():
            kind, fits, optional = _TYPES[name]
            value = record[name]
            if not (fits(value) or (optional and value is None)):
                wrong.append((f'{kind} as meta["mmseaice"]["{name}"]', value))
    if wrong:
        expected, value = min(wrong, key=lambda pair: pair[0])
        raise CheckpointError(
            path,
            expected,
            f'{value!r:.80}',
            'It says how the training data were prepared: take the '
            'checkpoint as it was written, or train it again.',
        )


def has_record(record: Mapping | None) -> bool:
    """Whether a record says anything of how data were prepared."""
    return bool(set(record or ()) - INFORMATIVE)


def _same(a: Any, b: Any) -> bool:
    """Equality that forgives list against tuple and the last float digit."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    if isinstance(a, Sequence) and isinstance(b, Sequence):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
    return a == b


def parity_differences(
    trained: Mapping, data: Mapping, ignore: Sequence[str] = ()
) -> list[str]:
    """List what differs, one line for each entry.

    Spacings differ only if the data have one that was not trained on.
    Entries that the older of the two records does not know yet are not
    compared, except that the data must have all that the model had.

    Args:
        trained: Record of the training data, from the checkpoint.
        data: Record of the data at hand.
        ignore: Names of entries that may differ.

    Returns:
        Lines such as ``'channels: trained with [HH, HV], data have [HH]'``.
    """
    lines = []
    for name, wanted in trained.items():
        if name in INFORMATIVE or name in ignore:
            continue
        found = data.get(name)
        if name in LABEL_ENTRIES and not (wanted and found):
            continue
        if name == 'spacings':
            agree = found is not None and all(
                any(_same(a, b) for b in wanted) for a in found
            )
        else:
            agree = _same(wanted, found)
        if not agree:
            lines.append(f'{name}: trained with {wanted}, data have {found}')
    return lines


def check_parity(
    subject: Any,
    trained: Mapping,
    data: Mapping,
    ignore: Sequence[str] = (),
) -> None:
    """Refuse data that are prepared in another way than in training.

    Args:
        subject: What the message starts with, usually the checkpoint.
        trained: Record of the training data.
        data: Record of the data at hand.
        ignore: Names of entries that may differ.

    Raises:
        ParityError: With one line for each difference.
    """
    lines = parity_differences(trained, data, ignore)
    if lines:
        raise ParityError(
            subject,
            'data prepared as in training',
            'these differences:\n  ' + '\n  '.join(lines) + '\n',
            'Prepare the data in the same way, or name what may differ: '
            '--cfg-options default_hooks.parity.ignore=[spacings].',
        )
