"""Score predicted charts in files against reference charts, scene by scene.

What is kept of a scene is a few hundred numbers, so that memory does not
grow with the number of scenes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from ..charts import IGNORE, TASKS
from ..errors import DatasetError
from ..scenes.prediction_files import PredictedScene
from ..scenes.reference_files import ReferenceScene
from .functional import AutoICESums, round_to_classes
from .functional.consistency import ConsistencySums
from .functional.ice_edge import IceEdgeErrors, ice_edge_errors

#: First zone of each band of the distance to land. Zone 41 is the last.
BANDS = {
    'land': 0,
    '0-10 km': 1,
    '10-20 km': 12,
    '20-50 km': 22,
    '50-100 km': 28,
    '100-300 km': 33,
    'over 300 km': 41,
}


@dataclass
class SceneScores:
    """All that is kept of one scene.

    Args:
        groups: Group of the scene by kind: service, season, month, region.
        sums: Sums of the AutoICE scores.
        bands: The same by distance to land; empty if it is not known.
        edge: Errors of the ice edge, None without SIC.
        consistency: Counts of impossible predictions.
    """

    groups: dict[str, str]
    sums: AutoICESums = field(default_factory=AutoICESums)
    bands: dict[str, AutoICESums] = field(default_factory=dict)
    edge: IceEdgeErrors | None = None
    consistency: ConsistencySums = field(default_factory=ConsistencySums)


def pair_scenes(
    predictions: Mapping[str, PredictedScene],
    references: Mapping[str, ReferenceScene],
    scenes: Iterable[str] | None = None,
) -> dict[str, tuple[PredictedScene, ReferenceScene]]:
    """Bring predictions and references of the same scenes together.

    Args:
        predictions: Predicted scenes by scene id.
        references: References by scene id.
        scenes: Scenes to score, None for all. Others may be there.

    Returns:
        Pairs by scene id, sorted.

    Raises:
        DatasetError: If a scene has only one of the two.
    """
    listed = None if scenes is None else set(scenes)
    predictions, references = (
        {k: v for k, v in found.items() if listed is None or k in listed}
        for found in (predictions, references)
    )
    wanted = predictions.keys() | references.keys() | (listed or set())
    for one, found, remedy in (
        ('prediction', predictions, 'Predict it'),
        ('reference', references, 'Add its file'),
    ):
        missing = sorted(wanted - found.keys())
        if missing:
            raise DatasetError(
                f'scene {missing[0]}',
                f'a {one}',
                f'none ({len(missing)} such scenes)',
                f'{remedy}, or name a list of scenes to score.',
            )
    return {
        name: (predictions[name], references[name]) for name in sorted(wanted)
    }


def score_scene(
    scene_id: str,
    truth: Mapping[str, np.ndarray],
    prediction: Mapping[str, np.ndarray],
    zones: np.ndarray | None = None,
    groups: Mapping[str, str] | None = None,
) -> SceneScores:
    """Score one scene.

    Args:
        scene_id: Name of the scene, for messages.
        truth: Class numbers (H, W) by task, 255 where there is no label.
        prediction: Likewise; SIC in tenths is rounded to classes.
        zones: Zones of the distance to land (H, W), None if not known.
        groups: Groups of the scene.

    Raises:
        DatasetError: If truth and prediction share no task.
        ValueError: If shapes differ or the truth is not in the table.
        PredictionError: If a labelled pixel is predicted 255, NaN or a
            class that does not exist.
    """
    tasks = [name for name in TASKS if name in truth and name in prediction]
    if not tasks:
        raise DatasetError(
            f'scene {scene_id}',
            'a chart in both prediction and reference',
            f'{", ".join(prediction) or "none"} and '
            f'{", ".join(truth) or "none"}',
        )
    scores = SceneScores(dict(groups or {}))
    rounded = {
        name: round_to_classes(prediction[name], TASKS[name])
        if TASKS[name].kind == 'regression'
        else np.asarray(prediction[name])
        for name in tasks
    }
    for name in tasks:
        scores.sums.update(name, truth[name], rounded[name], scene_id)
    if zones is not None:
        scores.bands = _score_bands(scene_id, truth, rounded, zones)
    labelled = {name: truth[name] != IGNORE for name in tasks}
    anywhere = np.any(list(labelled.values()), axis=0)
    scores.consistency.update(rounded, anywhere)
    if 'SIC' in tasks:
        scores.edge = ice_edge_errors(
            truth['SIC'], rounded['SIC'], labelled['SIC']
        )
    return scores


def _score_bands(
    scene_id: str,
    truth: Mapping[str, np.ndarray],
    prediction: Mapping[str, np.ndarray],
    zones: np.ndarray,
) -> dict[str, AutoICESums]:
    """Sums by distance to land, of the bands that have labels."""
    first = list(BANDS.values())
    ends = [*first[1:], np.inf]
    found = {}
    for band, low, high in zip(BANDS, first, ends, strict=True):
        inside = (zones >= low) & (zones < high)
        if not inside.any():
            continue
        sums = AutoICESums()
        for name, chart in prediction.items():
            here = np.where(inside, truth[name], IGNORE)
            sums.update(name, here, chart, scene_id)
        if any(task.confusion.total for task in sums.tasks.values()):
            found[band] = sums
    return found


def score_files(
    pairs: Mapping[str, tuple[PredictedScene, ReferenceScene]],
    progress: bool = False,
) -> dict[str, SceneScores]:
    """Read and score scene after scene.

    Args:
        pairs: What :func:`pair_scenes` gives.
        progress: Whether to show a progress bar.

    Returns:
        Scores by scene id.

    Raises:
        MMSeaIceError: If a file cannot be read or scored, see
            :func:`score_scene`, or no scene has a labelled pixel.
    """
    scores = {}
    bar = tqdm(pairs.items(), 'scenes', disable=not progress, unit='scene')
    for name, (predicted, reference) in bar:
        scores[name] = score_scene(
            name,
            reference.read_charts(),
            predicted.read(),
            reference.read_zones(),
            reference.groups,
        )
    if not any(_labels(one) for one in scores.values()):
        raise DatasetError(
            next(iter(pairs.values()))[1].path,
            'a labelled pixel in one of the references',
            f'none in {len(pairs)} scenes',
            'Give references with charts.',
        )
    return scores


def _labels(scores: SceneScores) -> int:
    """Labelled pixels, counted for each task."""
    return sum(
        int(task.confusion.counts.sum()) for task in scores.sums.tasks.values()
    )


def pooled_sums(scenes: Iterable[SceneScores]) -> AutoICESums:
    """Sums of several scenes together."""
    total = AutoICESums()
    for scene in scenes:
        total.merge(scene.sums)
    return total


def group_sums(
    scenes: Iterable[SceneScores],
) -> dict[tuple[str, str], tuple[int, AutoICESums]]:
    """Number of scenes and sums by kind of group and group.

    A scene is in one group of each kind, and in every band of distance to
    land in which it has labels.
    """
    found: dict[tuple[str, str], tuple[int, AutoICESums]] = {}
    for scene in scenes:
        parts = {group: scene.sums for group in scene.groups.items()}
        parts |= {('distance', band): s for band, s in scene.bands.items()}
        for key, sums in parts.items():
            count, total = found.get(key, (0, AutoICESums()))
            found[key] = count + 1, total.merge(sums)
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    bands = list(BANDS)

    def place(key: tuple[str, str]) -> tuple:
        kind, group = key
        order = bands.index(group) if kind == 'distance' else group
        return kinds.index(kind), order

    return {key: found[key] for key in sorted(found, key=place)}
