"""Pictures of the scenes that a run validates or tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseaice.charts import IGNORE
from mmseaice.registry import HOOKS
from mmseaice.scenes.refine import refine_classes
from mmseaice.structures import SeaIceDataSample


@HOOKS.register_module()
class SceneFigureHook(Hook):
    """Draw HH, HV, chart and prediction of each scene as it is tested.

    Each rank draws the scenes that it tests; nothing is gathered. HH and HV
    are brought back to dB with the mean and standard deviation of the test
    data's parity record. A prediction is drawn where the SAR is valid or
    the chart has a label, which is where it is scored.

    Args:
        out_dir: Folder for ``<scene id>.png``; None takes ``figures`` in
            the runner's log folder.
        max_scenes: Most figures to draw on each rank; None for all.
    """

    priority = 'LOW'

    def __init__(
        self, out_dir: str | None = None, max_scenes: int | None = None
    ) -> None:
        self.out_dir = out_dir
        self.max_scenes = max_scenes
        self._drawn = 0

    def before_test(self, runner: Runner) -> None:
        """Count anew."""
        self._drawn = 0

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SeaIceDataSample] | None = None,
    ) -> None:
        """Draw the scenes of one batch."""
        folder = Path(self.out_dir or Path(runner.log_dir) / 'figures')
        dataset = runner.test_dataloader.dataset
        left = self.max_scenes and self.max_scenes - self._drawn
        for draw in islice(_figures(dataset, data_batch, outputs), left):
            draw(folder)
            self._drawn += 1


@HOOKS.register_module()
class ValidationFigureHook(Hook):
    """Send pictures of the first scenes of each validation to the log.

    They are those of :class:`SceneFigureHook`, and go wherever the scalars
    go: TensorBoard, W&B, MLflow, and ``vis_data/vis_image`` in the folder of
    the run. Models that make no charts are passed over.

    Args:
        max_scenes: How many scenes to draw.
    """

    priority = 'LOW'

    def __init__(self, max_scenes: int = 2) -> None:
        self.max_scenes = max_scenes
        self._drawn = 0

    def before_val_epoch(self, runner: Runner) -> None:
        """Count anew."""
        self._drawn = 0

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SeaIceDataSample] | None = None,
    ) -> None:
        """Draw the scenes of one batch."""
        if not is_main_process():
            return
        dataset = runner.val_dataloader.dataset
        left = self.max_scenes - self._drawn
        for draw in islice(_figures(dataset, data_batch, outputs), left):
            with TemporaryDirectory() as folder:
                path = draw(Path(folder))
                image = mmcv.imread(path, channel_order='rgb')
            runner.visualizer.add_image(path.stem, image, step=runner.iter)
            self._drawn += 1


def _figures(
    dataset: BaseDataset,
    data_batch: dict | None,
    outputs: Sequence[SeaIceDataSample] | None,
) -> Iterator[Callable[[Path], Path]]:
    """For each scene of a batch, what draws it into a folder."""
    parity = dataset.metainfo.get('parity', {})
    for index, sample in enumerate(outputs or ()):
        if not isinstance(sample, SeaIceDataSample):
            continue
        image = data_batch['inputs'][index].cpu().float().numpy()
        valid = data_batch['data_samples'][index].get_valid()[0].cpu().numpy()
        yield partial(draw_sample, image, valid, sample, parity)


def draw_sample(
    image: np.ndarray,
    valid: np.ndarray,
    sample: SeaIceDataSample,
    parity: dict[str, Any],
    folder: Path,
) -> Path:
    """Draw one tested scene.

    Args:
        image: Normalised input (C, H, W).
        valid: Bool (H, W), True where the input is a measurement.
        sample: Labels and predictions (1, h, w) of the scene.
        parity: Parity record of the data: channels, mean and std.
        folder: Where ``<scene id>.png`` goes.

    Returns:
        The path of the figure.
    """
    from mmseaice.visualization import draw_scene_figure

    sar = {}
    for name in ('HH', 'HV'):
        sar[name] = np.full(valid.shape, np.nan, np.float32)
        if name in parity.get('channels', ()):
            index = list(parity['channels']).index(name)
            values = image[index]
            if parity.get('mean') is not None:
                values = values * parity['std'][index] + parity['mean'][index]
            sar[name] = np.where(valid, values, np.nan)
    truth, prediction = {}, {}
    for task in sample.tasks:
        if f'gt_{task}' in sample:
            truth[task] = sample.get_gt(task)[0].cpu().numpy()
        if f'pred_{task}' in sample:
            predicted = sample.get_pred(task)[0].cpu().numpy()
            shown = refine_classes(
                valid, predicted.shape[0] / valid.shape[0], predicted.shape
            )
            if task in truth:
                shown = shown | (truth[task] != IGNORE)
            prediction[task] = np.where(shown, predicted, IGNORE)
    scene_id = str(sample.metainfo.get('scene_id', 'scene'))
    return draw_scene_figure(
        sar['HH'],
        sar['HV'],
        truth,
        prediction,
        folder / f'{scene_id}.png',
        title=scene_id,
        spacing=sample.metainfo.get('spacing'),
    )
