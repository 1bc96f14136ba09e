"""What a scoring leaves behind: one JSON, two CSV tables, and plots."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from prettytable import PrettyTable

from mmseaice.charts import TASKS
from mmseaice.utils.csv_file import write_csv
from mmseaice.utils.json_file import write_json

from .functional import AutoICESums, ConfusionMatrix

CLASS_COLUMNS = (
    'task',
    'class',
    'name',
    'support',
    'predicted',
    'precision',
    'recall',
    'f1',
    'iou',
)


def score_table(sums: AutoICESums) -> str:
    """Scores and per-class scores as text, for the log."""
    table = PrettyTable(('task', 'class', 'pixels', 'precision', 'recall'))
    table.add_column('F1', [])
    table.add_column('IoU', [])
    table.align = 'r'
    table.align['class'] = 'l'
    for name, task_sums in sums.tasks.items():
        rows = class_rows(name, task_sums.confusion)
        for row in rows:
            table.add_row(
                [
                    name,
                    row['name'],
                    row['support'],
                    *(
                        _text(row[key])
                        for key in ('precision', 'recall', 'f1', 'iou')
                    ),
                ],
                divider=row is rows[-1],
            )
    scores = '  '.join(
        f'{name} {_text(score)}' for name, score in sums.scores().items()
    )
    return f'{table}\n{scores}'


def class_rows(task: str, confusion: ConfusionMatrix) -> list[dict[str, Any]]:
    """One row per class with the keys of :data:`CLASS_COLUMNS`, percent.

    A class without a pixel in the reference has no recall, NaN.
    """
    recall = np.where(confusion.support > 0, confusion.recall(), np.nan)
    scores = {
        'precision': confusion.precision(),
        'recall': recall,
        'f1': confusion.f1(),
        'iou': confusion.iou(),
    }
    return [
        {
            'task': task,
            'class': number,
            'name': name,
            'support': int(confusion.support[number]),
            'predicted': int(confusion.predicted[number]),
            **{k: round(100 * float(v[number]), 3) for k, v in scores.items()},
        }
        for number, name in enumerate(TASKS[task].classes)
    ]


def scene_rows(scenes: Mapping[str, AutoICESums]) -> list[dict[str, Any]]:
    """One row per scene: its own scores and labelled pixels per task."""
    rows = []
    for scene_id, sums in scenes.items():
        row = {'scene_id': scene_id, **sums.scores()}
        for name in TASKS:
            task_sums = sums.tasks.get(name)
            total = task_sums.confusion.total if task_sums else 0
            row[f'{name}_pixels'] = total
        rows.append(row)
    return rows


def write_report(
    out_dir: str | os.PathLike,
    scores: Mapping[str, float],
    total: AutoICESums,
    scenes: Mapping[str, AutoICESums],
) -> None:
    """Write all files of a scoring; each is whole or not there at all.

    Rows of the confusion matrices are the truth, columns the prediction.
    A score that does not exist is null in the JSON, empty in the CSV.

    Args:
        out_dir: Folder, made if missing.
        scores: Flat scores of all scenes together.
        total: Sums of all scenes together.
        scenes: Sums by scene id.
    """
    from mmseaice.visualization import draw_confusion_figure

    out_dir = Path(out_dir)
    classes = [
        row
        for name, sums in total.tasks.items()
        for row in class_rows(name, sums.confusion)
    ]
    per_scene = scene_rows(scenes)
    confusions = {
        name: sums.confusion.counts.tolist()
        for name, sums in total.tasks.items()
    }
    report = {
        'scores': dict(scores),
        'num_scenes': len(scenes),
        'per_class': classes,
        'per_scene': per_scene,
        'confusion': confusions,
    }
    write_json(out_dir / 'metrics.json', report)
    write_csv(out_dir / 'per_class.csv', classes, CLASS_COLUMNS)
    write_csv(out_dir / 'per_scene.csv', per_scene, CLASS_COLUMNS)
    for name, sums in total.tasks.items():
        draw_confusion_figure(
            sums.confusion.counts, name, out_dir / f'confusion_{name}.png'
        )


def summary(sums: AutoICESums) -> dict[str, float]:
    """Flat scores, keys and units as in ``AutoICEMetric``."""
    result = {}
    if sums.tasks.keys() >= TASKS.keys():
        result['combined'] = sums.scores()['combined']
    for name, task_sums in sums.tasks.items():
        if task_sums.regression:
            result[f'{name}.r2'] = task_sums.score()
            result[f'{name}.rmse'] = task_sums.regression.rmse()
        else:
            result[f'{name}.f1'] = task_sums.score()
        confusion = task_sums.confusion
        result[f'{name}.accuracy'] = 100 * confusion.accuracy()
        result[f'{name}.macro_f1'] = 100 * confusion.macro_f1()
        result[f'{name}.miou'] = 100 * confusion.mean_iou()
    return {key: round(value, 3) for key, value in result.items()}


def _text(percent: float) -> str:
    return '-' if math.isnan(percent) else f'{percent:.3f}'
