"""What a store holds, in a few tables."""

from __future__ import annotations

from collections.abc import Sequence

from ..charts.codes import get_task
from .store import SceneStore, skipped_sources
from .store_format import spacing_name


def report_store(store: SceneStore) -> str:
    """Describe a store: its scenes, their classes, what was left out.

    Class counts are pixels of the finest spacing.

    Args:
        store: The store.

    Returns:
        Markdown.
    """
    parts = [_scenes(store)]
    parts += [_classes(store, task) for task in store.tasks]
    parts += [
        f'skipped {name}: {reason}'
        for name, reason in skipped_sources(store.path).items()
    ]
    return '\n\n'.join(parts)


def _scenes(store: SceneStore) -> str:
    finest = spacing_name(store.spacings[0])
    rows, total, files = [], 0, 0
    for scene_id in store:
        scene = store[scene_id]
        paths = [p for p in scene.path.rglob('*') if p.is_file()]
        size = sum(path.stat().st_size for path in paths)
        total, files = total + size, files + len(paths)
        lines, samples = scene.shape(store.spacings[0])
        labelled = scene.attrs['labelled_share']
        rows.append(
            [
                scene_id,
                f'{lines} x {samples}',
                f'{scene.attrs["valid_share"]:.1%}',
                *(f'{labelled[task]:.1%}' for task in store.tasks),
                'yes' if scene.has_polygons else 'no',
                str(len(paths)),
                f'{size / 1e6:.1f}',
            ]
        )
    tasks = [f'{task} labelled' for task in store.tasks]
    head = ['scene', f'size at {finest} m', 'valid', *tasks, 'polygons']
    count = f'{len(store)} scenes, {files} files, {total / 1e6:.1f} MB'
    return count + '\n\n' + _table([*head, 'files', 'MB'], rows)


def _classes(store: SceneStore, task: str) -> str:
    row = get_task(task)
    counts = [0] * row.num_classes
    for scene_id in store:
        histogram = store[scene_id].attrs['class_histogram'][task]
        counts = [a + b for a, b in zip(counts, histogram, strict=True)]
    total = max(sum(counts), 1)
    rows = [
        [str(number), name, str(count), f'{count / total:.1%}']
        for number, (name, count) in enumerate(
            zip(row.classes, counts, strict=True)
        )
    ]
    return _table([task, row.title, 'pixels', 'share'], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [
        max(len(line[i]) for line in (head, *rows)) for i in range(len(head))
    ]
    lines = [head, ['-' * width for width in widths], *rows]
    return '\n'.join(
        '| '
        + ' | '.join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        )
        + ' |'
        for line in lines
    )
