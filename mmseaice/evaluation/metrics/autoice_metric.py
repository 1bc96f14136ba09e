"""The AutoICE score as a metric of mmengine's test and validation loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from mmseaice.charts import TASKS, get_task
from mmseaice.errors import PredictionError
from mmseaice.registry import METRICS

from ..functional import AutoICESums, round_to_classes
from ..report import score_table, summary, write_report


@METRICS.register_module()
class AutoICEMetric(BaseMetric):
    """Score predicted charts as the AutoICE challenge does.

    What is kept of a scene, and travels between ranks, is a few hundred
    numbers; pixels are never stored. Keys of the result, all in percent but
    the rmse (with the prefix: ``save_best='AutoICE/combined'`` and
    ``rule='greater'`` keep the best checkpoint):

    - ``combined``: the weighted mean over all tasks of the table; it is
      left out where fewer are scored, so that ``save_best`` stops there,
      and NaN where one has no label,
    - ``SIC.r2``, ``SOD.f1``, ``FLOE.f1``: the score of each task,
    - ``SIC.rmse``: in class numbers, that is tenths,
    - ``<TASK>.accuracy``, ``<TASK>.macro_f1``, ``<TASK>.miou``: from the
      confusion matrix (of SIC rounded to tenths).

    Args:
        tasks: Tasks to score; None for those of the table for which a
            sample has both truth and prediction.
        round_sic: Whether to round SIC to tenths and clip it to 0..10
            before scoring, as a submission to the challenge has it.
        out_dir: Folder for ``metrics.json``, ``per_class.csv``,
            ``per_scene.csv`` and confusion plots; None writes nothing.
        collect_device: 'cpu' or 'gpu', see ``BaseMetric``.
        prefix: Prefix of the keys, 'AutoICE' by default.
    """

    default_prefix = 'AutoICE'

    def __init__(
        self,
        tasks: Sequence[str] | None = None,
        round_sic: bool = True,
        out_dir: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.tasks = None if tasks is None else tuple(tasks)
        for task in self.tasks or ():
            get_task(task)
        self.round_sic = round_sic
        self.out_dir = out_dir

    def process(self, data_batch: Any, data_samples: Sequence) -> None:
        """Reduce each sample to its sums.

        Args:
            data_batch: Not used.
            data_samples: ``SeaIceDataSample`` or what its ``to_dict``
                gives, with fields ``gt_<TASK>`` and ``pred_<TASK>`` of
                shape (1, H, W) and the key ``scene_id``.
        """
        for sample in data_samples:
            if isinstance(sample, BaseDataElement):
                sample = sample.to_dict()
            scene_id = str(sample.get('scene_id', len(self.results)))
            sums = AutoICESums()
            for name in self._tasks_of(sample, scene_id):
                truth = _to_numpy(sample[f'gt_{name}'])
                prediction = _to_numpy(sample[f'pred_{name}'])
                if self.round_sic and TASKS[name].kind == 'regression':
                    prediction = round_to_classes(prediction, TASKS[name])
                sums.update(name, truth, prediction, scene_id)
            self.results.append((scene_id, sums))

    def compute_metrics(
        self, results: list[tuple[str, AutoICESums]]
    ) -> dict[str, float]:
        """Merge the sums of all scenes and score them."""
        total = AutoICESums()
        scenes: dict[str, AutoICESums] = {}
        for scene_id, sums in results:
            total.merge(sums)
            scenes.setdefault(scene_id, AutoICESums()).merge(sums)
        scores = summary(total)
        print_log(f'AutoICE scores\n{score_table(total)}', logger='current')
        if self.out_dir is not None:
            write_report(self.out_dir, scores, total, scenes)
        return scores

    def _tasks_of(self, sample: dict, scene_id: str) -> list[str]:
        """Names of the tasks to score for one sample."""
        if self.tasks is None:
            names = [
                name
                for name in TASKS
                if f'gt_{name}' in sample and f'pred_{name}' in sample
            ]
        else:
            names = list(self.tasks)
        wanted = [
            f'{kind}_{name}' for name in names for kind in ('gt', 'pred')
        ]
        missing = [key for key in wanted if key not in sample]
        if missing or not names:
            found = [key for key in sample if key[:3] in ('gt_', 'pre')]
            raise PredictionError(
                f'scene {scene_id}',
                ', '.join(missing) or 'truth and prediction of a task',
                ', '.join(found) or 'neither truth nor prediction',
                "Name the tasks the model has in the metric's 'tasks', and "
                'have the test pipeline load their charts.',
            )
        return names


def _to_numpy(field: Any) -> np.ndarray:
    """The map (H, W) in a PixelData, its dict, a tensor or an array."""
    if isinstance(field, BaseDataElement):
        field = field.data
    elif isinstance(field, dict):
        field = field['data']
    if isinstance(field, torch.Tensor):
        if field.is_floating_point():
            field = field.float()  # numpy has no bfloat16
        field = field.detach().cpu().numpy()
    return field[0] if field.ndim == 3 else field
