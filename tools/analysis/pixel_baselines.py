"""Score two baselines without a network, as a yardstick for a model.

A constant (mean SIC, most frequent SOD and FLOE of the training scenes) and
a logistic regression on the pixel's own HH, HV and incidence angle, as far as
the training store holds them. Both are fitted on one store and scored on
another like any model: on the 80 m grid, pixels pooled over scenes.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mmseaice.charts import IGNORE, TASKS
from mmseaice.errors import DatasetError, MissingChannelError
from mmseaice.evaluation.functional import AutoICESums
from mmseaice.scenes import CHART_SPACING, SceneStore, refine_classes
from mmseaice.utils.cli import natural, positive, readable_errors
from mmseaice.utils.json_file import write_json

CHANNELS = ('HH', 'HV', 'incidence_angle')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('train', help='store to fit on')
    parser.add_argument('test', help='store to score on')
    parser.add_argument('--out', required=True, help='JSON file to write')
    parser.add_argument(
        '--spacing',
        type=float,
        default=200,
        help='pixel spacing of the features in m (default: 200)',
    )
    parser.add_argument(
        '--pixels',
        type=positive,
        default=20_000,
        help='pixels drawn from each training scene (default: 20000)',
    )
    parser.add_argument('--seed', type=natural, default=0)
    return parser.parse_args(argv)


def channels_of(store: SceneStore) -> list[str]:
    """The channels that a store offers to the logistic regression."""
    channels = [name for name in CHANNELS if name in store.channels]
    if not channels:
        raise MissingChannelError(
            store.path,
            f'one of the channels {", ".join(CHANNELS)}',
            f'only {", ".join(store.channels)}',
            'Build a store that holds it.',
        )
    return channels


def draw_pixels(
    store: SceneStore,
    channels: Sequence[str],
    task: str,
    args: argparse.Namespace,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw labelled, valid pixels: features (n, C) and classes (n,)."""
    rng = np.random.default_rng(args.seed)
    features, classes = [], []
    for scene_id in store.scene_ids:
        crop = store[scene_id].read(
            args.spacing, channels=channels, tasks=[task]
        )
        usable = np.flatnonzero(crop.valid & (crop.charts[task] != IGNORE))
        size = min(args.pixels, usable.size)
        chosen = rng.choice(usable, size=size, replace=False)
        features.append(crop.image.reshape(len(channels), -1)[:, chosen].T)
        classes.append(crop.charts[task].ravel()[chosen])
    if not sum(map(len, classes)):
        raise DatasetError(
            store.path,
            f'labelled pixels of {task}',
            'none',
            'Build it from scenes with charts.',
        )
    return np.concatenate(features), np.concatenate(classes)


def constant_of(task: str, classes: np.ndarray) -> int:
    """The one class that predicts a task best: mean or most frequent."""
    if TASKS[task].kind == 'regression':
        return round(float(classes.mean()))
    return int(np.bincount(classes).argmax())


def predict(
    model: Pipeline, task: str, image: np.ndarray, valid: np.ndarray
) -> np.ndarray:
    """Class map (H, W) of an image (C, H, W); invalid pixels are 0."""
    chart = np.zeros(valid.shape, np.uint8)
    features = image[:, valid].T
    if not features.size:
        return chart
    if TASKS[task].kind == 'regression':
        shares = model.predict_proba(features)
        chart[valid] = np.rint(shares @ model.classes_)
    else:
        chart[valid] = model.predict(features)
    return chart


def scenes_to_score(
    store: SceneStore, channels: Sequence[str], task: str, spacing: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield image, validity and the 80 m truth of each test scene."""
    for scene_id in store.scene_ids:
        scene = store[scene_id]
        crop = scene.read(spacing, channels=channels, tasks=[])
        truth = scene.read(CHART_SPACING, channels=[], tasks=[task])
        yield crop.image, crop.valid, truth.charts[task]


def score_baselines(args: argparse.Namespace) -> None:
    """Fit, score, write, tell."""
    train, test = SceneStore(args.train), SceneStore(args.test)
    channels = channels_of(train)
    print(f'logistic regression on {", ".join(channels)}')
    sums = {'constant': AutoICESums(), 'logistic regression': AutoICESums()}
    for task in TASKS:
        features, classes = draw_pixels(train, channels, task, args)
        constant = constant_of(task, classes)
        model = make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=500)
        ).fit(features, classes)
        for image, valid, truth in scenes_to_score(
            test, channels, task, args.spacing
        ):
            coarse = predict(model, task, image, valid)
            fine = refine_classes(
                coarse, args.spacing / CHART_SPACING, truth.shape
            )
            sums['logistic regression'].update(task, truth, fine)
            sums['constant'].update(
                task, truth, np.full(truth.shape, constant, np.uint8)
            )
    scores = {name: total.scores() for name, total in sums.items()}
    write_json(args.out, scores)
    for name, values in scores.items():
        text = '  '.join(f'{key} {value:.3f}' for key, value in values.items())
        print(f'{name}: {text}')
    print(f'Scores: {args.out}')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        score_baselines(args)


if __name__ == '__main__':
    main()
