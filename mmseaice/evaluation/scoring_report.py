"""Tables of a scoring from files: rows, text, CSV and JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from prettytable import PrettyTable

from ..utils.csv_file import write_csv
from ..utils.json_file import write_json
from .functional import AutoICESums
from .functional.bootstrap import DRAWS, LEVEL, bootstrap_scores, interval
from .functional.comparison import Comparison
from .functional.consistency import ConsistencySums
from .functional.regression import RegressionSums
from .report import score_table, summary, write_report
from .scoring import SceneScores, group_sums, pooled_sums

Rows = list[dict[str, Any]]

#: R2 means nothing where the truth of a regression varies less than this:
#: standard deviation in tenths, half the step of the charts.
LEAST_SPREAD = 0.5


def sums_of(scenes: Mapping[str, SceneScores]) -> dict[str, AutoICESums]:
    """Sums of the AutoICE scores by scene."""
    return {name: scene.sums for name, scene in scenes.items()}


def score_rows(
    scenes: Mapping[str, SceneScores], draws: int = DRAWS, seed: int = 0
) -> Rows:
    """The official scores and how far they hang on the scenes.

    Args:
        scenes: Scores by scene.
        draws: Draws of scenes for the interval.
        seed: Seed of the draws.

    Returns:
        One row per score that exists: ``score``, ``value``, ``low`` and
        ``high``, all in percent, and ``draws`` that have the score.
    """
    sums = sums_of(scenes)
    scores = pooled_sums(scenes.values()).scores()
    drawn = bootstrap_scores(list(sums.values()), draws, seed)
    return [
        {
            'score': name,
            'value': value,
            **_rounded(asdict(interval(drawn[name]))),
        }
        for name, value in scores.items()
        if not math.isnan(value)
    ]


def group_rows(scenes: Mapping[str, SceneScores]) -> Rows:
    """Scores by ice service, season, month, region and distance to land.

    R2 depends on how much the truth varies within a group; to compare
    groups by concentration look at the rmse. Where its standard deviation
    is below :data:`LEAST_SPREAD`, 5 %, R2 is NaN, and so is the combined
    score that it is part of.
    """
    rows = []
    for (kind, group), (count, sums) in group_sums(scenes.values()).items():
        pixels = {
            f'{name}.pixels': task.confusion.total
            for name, task in sums.tasks.items()
        }
        row = {'kind': kind, 'group': group, 'scenes': count}
        flat = {
            f'{name}.r2': math.nan
            for name, task in sums.tasks.items()
            if task.regression and _spread(task.regression) < LEAST_SPREAD
        }
        scores = summary(sums)
        if flat and 'combined' in scores:
            flat['combined'] = math.nan
        rows.append(row | scores | flat | pixels)
    return rows


def _spread(sums: RegressionSums) -> float:
    """Standard deviation of the truth, NaN without pixels."""
    if not sums.count:
        return math.nan
    deviation = sums.count * sums.truth_squared - sums.truth**2
    return math.sqrt(deviation) / sums.count


def edge_rows(scenes: Mapping[str, SceneScores]) -> Rows:
    """Errors of the ice edge of each scene, km and km2."""
    return [
        {
            'scene_id': name,
            **_rounded(asdict(scene.edge)),
            **_rounded(
                {
                    'error_km2': scene.edge.error_km2,
                    'km2_per_km': scene.edge.km2_per_km,
                }
            ),
        }
        for name, scene in scenes.items()
        if scene.edge is not None
    ]


def edge_summary(rows: Rows) -> dict[str, Any]:
    """Areas and lengths of all scenes together.

    ``hausdorff_km`` is the median over the scenes where truth and
    prediction have an edge, and ``hausdorff_scenes`` their number;
    ``missed`` and ``invented`` count those where only one has.
    """
    if not rows:
        return {}
    total = {
        key: sum(row[key] for row in rows)
        for key in ('over_km2', 'under_km2', 'error_km2', 'edge_km')
    }
    length = total['edge_km']
    distances = np.array([row['hausdorff_km'] for row in rows])
    distances = distances[np.isfinite(distances)]
    total |= {
        'km2_per_km': total['error_km2'] / length if length else math.nan,
        'hausdorff_km': float(np.median(distances))
        if len(distances)
        else math.nan,
        'hausdorff_scenes': len(distances),
        'missed': sum(
            row['edge_km'] > 0 and not row['predicted_edge_km'] for row in rows
        ),
        'invented': sum(
            row['predicted_edge_km'] > 0 and not row['edge_km'] for row in rows
        ),
    }
    return _rounded(total)


def consistency_rows(scenes: Mapping[str, SceneScores]) -> Rows:
    """Impossible predictions of each scene, percent of its scored pixels."""
    return [
        {'scene_id': name, **_rounded(scene.consistency.shares())}
        for name, scene in scenes.items()
    ]


def consistency_summary(scenes: Mapping[str, SceneScores]) -> Rows:
    """Impossible predictions of all scenes, one row per check."""
    total = ConsistencySums()
    for scene in scenes.values():
        total.merge(scene.consistency)
    return [
        {
            'check': name,
            'pixels': total.broken[name],
            'scored': total.pixels[name],
            'percent': round(share, 4),
        }
        for name, share in total.shares().items()
        if total.pixels[name]
    ]


def comparison_rows(comparisons: Sequence[Comparison]) -> Rows:
    """Two models, one row per score that both have."""
    return [
        {
            'score': one.score,
            'first': one.first,
            'second': one.second,
            'difference': one.difference,
            **_rounded(asdict(one.interval)),
            'first_better': round(one.first_better, 4),
            'separated': one.separated,
        }
        for one in comparisons
        if not math.isnan(one.difference)
    ]


def make_tables(
    scenes: Mapping[str, SceneScores], draws: int = DRAWS, seed: int = 0
) -> dict[str, Rows]:
    """All tables of a scoring by the name of their file."""
    return {
        'scores': score_rows(scenes, draws, seed),
        'groups': group_rows(scenes),
        'ice_edge': edge_rows(scenes),
        'consistency': consistency_rows(scenes),
    }


def text_report(
    scenes: Mapping[str, SceneScores], tables: Mapping[str, Rows]
) -> str:
    """What a reader at the command line wants to see."""
    total = pooled_sums(scenes.values())
    parts = [
        score_table(total),
        f'\nScores and {100 * LEVEL:g} % of draws of {len(scenes)} scenes',
        _text_table(tables['scores']),
        '\nGroups of scenes, and pixels by distance to land',
        _text_table(tables['groups'], but=('pixels', 'accuracy', 'miou')),
        'SIC.rmse is in tenths. A SIC.r2 of - (and so combined): the charted '
        'concentration\nvaries by less than '
        f'{10 * LEAST_SPREAD:g} % (standard deviation), or has no pixel.',
    ]
    if not any(scene.bands for scene in scenes.values()):
        parts.append(
            'No distance to land: the files of the scenes are not there.'
        )
    edge = edge_summary(tables['ice_edge'])
    if edge:
        title = '\nIce edge at 15 %, all scenes (hausdorff_km: their median)'
        parts += [title, _text_table([edge])]
    checks = consistency_summary(scenes)
    if checks:
        parts += ['\nTasks that disagree on open water', _text_table(checks)]
    return '\n'.join(parts)


def write_scoring(
    out_dir: str | os.PathLike,
    scenes: Mapping[str, SceneScores],
    tables: Mapping[str, Rows],
    about: Mapping[str, Any],
) -> Path:
    """Write ``metrics.json``, a CSV per table, and confusion plots.

    Args:
        out_dir: Folder, made if missing.
        scenes: Scores by scene.
        tables: Rows by name.
        about: What to note of the scoring: files, seed, version.

    Returns:
        Path of ``metrics.json``.
    """
    out_dir = Path(out_dir)
    total, sums = pooled_sums(scenes.values()), sums_of(scenes)
    scores = summary(total)
    write_report(out_dir, scores, total, sums)
    for name, rows in tables.items():
        write_csv(out_dir / f'{name}.csv', rows)
    path = out_dir / 'metrics.json'
    report = json.loads(path.read_text())
    report |= {
        'intervals': tables['scores'],
        'groups': tables['groups'],
        'ice_edge': edge_summary(tables['ice_edge']),
        'ice_edge_per_scene': tables['ice_edge'],
        'consistency': consistency_summary(scenes),
        'comparison': tables.get('comparison', []),
        **about,
    }
    write_json(path, report)
    return path


def _text_table(rows: Rows, but: tuple[str, ...] = ()) -> str:
    """Rows as text; columns whose last word is in ``but`` are left out."""
    columns = dict.fromkeys(key for row in rows for key in row)
    columns = [c for c in columns if c.rpartition('.')[2] not in but]
    table = PrettyTable(columns, align='r')
    for row in rows:
        table.add_row([_text(row.get(column)) for column in columns])
    return str(table)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f'{value:.3f}' if math.isfinite(value) else '-'
    return '-' if value is None else str(value)


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Three decimals, as the scores have."""
    return {
        key: round(value, 3) if isinstance(value, float) else value
        for key, value in row.items()
    }
