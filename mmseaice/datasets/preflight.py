"""Check a list of records before the first pixel is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import (
    DatasetError,
    EmptyChartError,
    EmptySceneError,
    MissingChannelError,
    ReleaseError,
)
from ..scenes.variables import PLACE_CHANNELS

_SHOWN = 3


def check_offer(
    path: str,
    store: Any,
    channels: Sequence[str],
    tasks: Sequence[str],
    spacings: Iterable[float],
) -> None:
    """Check that a store holds what is asked of every scene.

    Raises:
        MissingChannelError: If it lacks a channel.
        DatasetError: If it lacks a task or a pixel spacing.
    """
    asked = (
        (
            MissingChannelError,
            'channel',
            [name for name in channels if name not in PLACE_CHANNELS],
            store.channels,
        ),
        (DatasetError, 'task', tasks, store.tasks),
        (DatasetError, 'pixel spacing', spacings, store.spacings),
    )
    for kind, what, wanted, offered in asked:
        for value in wanted:
            if value not in offered:
                raise kind(
                    path,
                    f'{what} {value}',
                    ', '.join(map(str, offered)) or 'none',
                    'Choose among these, or build the store with it.',
                )


def check_scene_ids(
    path: str, wanted: Sequence[str], present: Sequence[str]
) -> None:
    """Check that each scene of a list is in the store.

    Raises:
        DatasetError: If one is not; names the nearest that is.
    """
    known = set(present)
    missing = [scene_id for scene_id in wanted if scene_id not in known]
    if not missing:
        return
    nearest = difflib.get_close_matches(missing[0], present, 1, 0.0)
    raise DatasetError(
        path,
        f'{len(wanted)} listed scenes',
        f'{len(missing)} missing: {_shorten(missing)}'
        + (f' (nearest to the first: {nearest[0]})' if nearest else ''),
        'Mend the list, add these scenes to the store, or set '
        "on_error='skip'.",
    )


def check_stored_scene(
    path: str, scene_id: str, attrs: Mapping[str, Any], tasks: Sequence[str]
) -> None:
    """Check from its attributes that a scene can serve.

    Args:
        path: Path of the store.
        scene_id: Id of the scene.
        attrs: Attributes of the stored scene.
        tasks: Tasks of which at least one must be labelled; may be empty.

    Raises:
        EmptySceneError: If no pixel has SAR.
        EmptyChartError: If no pixel has a label of any task.
    """
    subject = f'{path}: scene {scene_id}'
    if not attrs['valid_share'] > 0:
        raise EmptySceneError(
            subject,
            'valid SAR pixels',
            'none',
            "Leave the scene out, or set on_error='skip'.",
        )
    shares = attrs['labelled_share']
    if tasks and not any(shares.get(task, 0) > 0 for task in tasks):
        raise EmptyChartError(
            subject,
            f'labelled pixels in {", ".join(tasks)}',
            'none',
            "Leave the scene out, set on_error='skip', or "
            'require_labels=False to predict it.',
        )


def check_releases(path: str, releases: Mapping[str, str]) -> None:
    """Check that all scenes are of one release.

    Args:
        path: Path of the store.
        releases: Release by scene id.

    Raises:
        ReleaseError: If there are several.
    """
    scenes: dict[str, list[str]] = {}
    for scene_id, release in releases.items():
        scenes.setdefault(release, []).append(scene_id)
    if len(scenes) > 1:
        raise ReleaseError(
            path,
            'scenes of one release, as labels and statistics differ',
            '; '.join(
                f'{len(ids)} of {release} ({_shorten(ids)})'
                for release, ids in sorted(scenes.items())
            ),
            'Choose scenes of one release, or set allow_mixed_releases=True.',
        )


def _shorten(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ', '.join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f'{shown} and {more} more' if more > 0 else shown
