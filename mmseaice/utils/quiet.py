"""Import upstream without its two known lines of noise."""

from __future__ import annotations

import io
import sys
import warnings
from contextlib import redirect_stdout
from importlib import import_module

#: Modules that print or warn when first imported.
NOISY = ('mmpretrain.models', 'mmseg.models', 'mmseg.datasets')


def import_upstream_quietly() -> None:
    """Import mmpretrain and mmseg once, keeping back what says nothing.

    Both tell at import that parts are missing which mmseaice does not use
    ("Could not import OneDL" and a warning on deformable attention).
    Whatever else they print comes through.
    """
    captured = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(captured):
        warnings.filterwarnings(
            'ignore', message='Fail to import ``MultiScaleDeformableAttention'
        )
        for name in NOISY:
            import_module(name)
    for line in captured.getvalue().splitlines():
        if 'Could not import OneDL' not in line:
            sys.stdout.write(f'{line}\n')
