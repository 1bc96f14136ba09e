"""Refuse libraries that do not work, with the line that mends it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from ..errors import DependencyError

#: Distribution name -> (import name, oldest version, first refused version).
#: Newer minor releases are untested, so the upper bounds stay narrow.
REQUIRED = {
    'onedl-mmengine': ('mmengine', '0.10.12', '0.11'),
    'onedl-mmcv': ('mmcv', '2.3.6', '2.4'),
    'onedl-mmsegmentation': ('mmseg', '1.4.2', '1.5'),
    'onedl-mmpretrain': ('mmpretrain', '1.3.6', '1.4'),
    'torch': ('torch', '2.11', '3'),
}

#: Distributions that install the same import names and would shadow ours.
CONFLICTING = (
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmsegmentation',
    'mmpretrain',
)


def _key(text: str) -> tuple[int, ...]:
    """Turn '2.3.6rc1+cu12' into (2, 3, 6) for comparison."""
    parts = []
    for part in text.split('+')[0].split('.'):
        digits = ''
        for character in part:
            if not character.isdigit():
                break
            digits += character
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def check_learning_dependencies() -> None:
    """Check the libraries that the learning layer stands on.

    Raises:
        DependencyError: If one is missing, has an untested version, or is
            shadowed by another distribution of the same import name.
    """
    for name in CONFLICTING:
        if _installed(name):
            raise DependencyError(
                f'{name} is installed and takes the place of the maintained '
                f'onedl distribution that mmseaice uses. Mend it with: '
                f'pip uninstall -y {name} && '
                f'pip install --force-reinstall --no-deps mmseaice '
                + ' '.join(n for n in REQUIRED if n != 'torch')
            )
    for name, (module, oldest, refused) in REQUIRED.items():
        found = _installed(name)
        wanted = f'"{name}>={oldest},<{refused}"'
        if found is None:
            raise DependencyError(
                f'mmseaice needs {module} from {name}, which is not '
                f'installed. Mend it with: pip install {wanted}'
            )
        if not _key(oldest) <= _key(found) < _key(refused):
            raise DependencyError(
                f'mmseaice needs {name} >= {oldest} and < {refused}, but '
                f'got {found}. Mend it with: pip install {wanted}'
            )
