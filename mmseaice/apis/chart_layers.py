"""From the maps of a model to the layers of a chart."""

from __future__ import annotations

import numpy as np
import torch

from ..charts import IGNORE, TASKS, get_task
from ..evaluation.functional.calibration import Calibration
from ..models.segmentors.inference import read_scores
from ..scenes.products.netcdf import layer_attributes
from ..scenes.stream import CHARTED, NO_DATA
from .line_refiner import MapLines
from .window_predictor import VARIANCE, WindowPredictor


class ChartLayers:
    """Charts, and how sure the models are of them.

    Beside each chart: ``<TASK>_entropy``, the entropy of the classes over
    that of a uniform guess, 0 to 1; ``<TASK>_std``, the standard deviation
    of a quantity over its classes or over several passes. With a
    calibration also ``<TASK>_set``, the classes that may be true as bits,
    and ``<TASK>_low`` and ``<TASK>_high``, between which a quantity is.

    Args:
        predict: The models.
        calibration: What makes their numbers honest.
    """

    def __init__(
        self, predict: WindowPredictor, calibration: Calibration | None = None
    ) -> None:
        self.predict = predict
        self.model = predict.models[0]
        self.calibration = calibration or Calibration()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers, ``status`` first."""
        names = ['status']
        for task, head in self.model.heads.items():
            names.append(task)
            if self.predict.is_quantity(task):
                names += [f'{task}_std'] * (self.predict.passes > 1)
            elif get_task(task).kind == 'regression':
                names.append(f'{task}_std')
            elif head.out_channels > 1:
                names.append(f'{task}_entropy')
            if task in self.calibration.thresholds:
                names.append(f'{task}_set')
            if task in self.calibration.half_widths:
                names += [f'{task}_low', f'{task}_high']
        return tuple(names)

    @property
    def repeated(self) -> list[int]:
        """Maps that return to 80 m by cells, and not between them."""
        if self.model.inference.refine != 'nearest':
            return []
        numbers = torch.arange(self.predict.num_maps)
        return [
            int(number)
            for task, part in self.predict.split(numbers).items()
            if task in self.model.heads and not self.predict.is_quantity(task)
            for number in part
        ]

    def scores(self, maps: MapLines) -> MapLines:
        """Probabilities in place of logits; quantities as they are."""
        for values, seen in maps:
            values = values.clone()
            for task, part in self.predict.split(values).items():
                if task not in self.model.heads:
                    continue
                if self.predict.is_quantity(task):
                    continue
                part[:] = part.sigmoid() if len(part) == 1 else part.softmax(0)
            yield values, seen

    def layers(
        self, values: torch.Tensor, seen: torch.Tensor, status: np.ndarray
    ) -> dict[str, np.ndarray]:
        """What is written of some lines.

        Args:
            values: Scores on the 80 m grid, (K, H, W).
            seen: Where there are any, bool (H, W).
            status: What the scene says of the pixels, (H, W).

        Returns:
            Layers by name, (H, W).
        """
        unseen = ~seen.cpu().numpy()
        status = np.where((status == CHARTED) & unseen, NO_DATA, status)
        blank = status != CHARTED
        layers = {'status': status.astype(np.uint8)}
        parts = self._tempered(self.predict.split(values))
        for task, head in self.model.heads.items():
            chart = read_scores(parts[task], task, head)[0].cpu().numpy()
            if get_task(task).kind == 'regression':
                layers[task] = _blanked(chart.astype(np.float32), blank)
            else:
                layers[task] = _blanked(chart.astype(np.uint8), blank)
            for name, spread in self._spread(task, parts).items():
                layers[name] = _blanked(spread.cpu().numpy(), blank)
            if task in self.calibration.thresholds:
                scores = parts[task].cpu().numpy()
                sets = self.calibration.sets(task, scores)
                layers[f'{task}_set'] = np.where(blank, np.uint8(0), sets)
            if task in self.calibration.half_widths:
                ends = self.calibration.interval(layers[task], task=task)
                for end, bound in zip(('low', 'high'), ends, strict=True):
                    layers[f'{task}_{end}'] = bound
        return layers

    def _tempered(
        self, parts: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Calibrated probabilities, on the grid that they were fitted on."""
        for task, temperature in self.calibration.temperatures.items():
            if task in parts and len(parts[task]) > 1:
                least = torch.finfo(torch.float32).tiny
                logits = parts[task].clamp_min(least).log() / temperature
                parts[task] = logits.softmax(dim=0)
        return parts

    def _spread(
        self, task: str, parts: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """How sure the models are of a task, by the name of the layer."""
        scores = parts[task]
        if self.predict.is_quantity(task):
            variance = parts.get(f'{task}_{VARIANCE}')
            if variance is None:
                return {}
            return {f'{task}_std': variance[0].clamp_min(0).sqrt()}
        if len(scores) == 1:
            return {}
        if get_task(task).kind == 'regression':
            steps = torch.arange(len(scores), device=scores.device)
            steps = steps[:, None, None].float()
            mean = (scores * steps).sum(dim=0)
            square = (scores * steps.square()).sum(dim=0)
            variance = (square - mean.square()).clamp_min(0)
            return {f'{task}_std': variance.sqrt()}
        entropy = torch.special.entr(scores).sum(dim=0)
        return {f'{task}_entropy': entropy / np.log(len(scores))}


def _blanked(layer: np.ndarray, blank: np.ndarray) -> np.ndarray:
    """A layer with the missing value of its type where it is blank."""
    layer[blank] = IGNORE if layer.dtype == np.uint8 else np.nan
    return layer


def layer_attrs(name: str) -> dict[str, object]:
    """Name, and unit or meaning of the values, in the words of CF.

    Only products are in percent.
    """
    if name != 'status' and name.partition('_')[0] not in TASKS:
        return {}
    attrs = layer_attributes(name)
    return attrs | ({'units': 'tenths'} if attrs.get('units') == '%' else {})
