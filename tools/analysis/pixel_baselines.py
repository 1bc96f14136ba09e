"""Score two baselines without a network, as a yardstick for a model.

A constant (mean SIC, most frequent SOD and FLOE of the training scenes) and
a logistic regression on the pixel's own HH, HV and incidence angle. Both are
fitted on one store and scored on another like any model: on the 80 m grid,
pixels pooled over scenes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mmseaice.charts import IGNORE, TASKS
from mmseaice.evaluation.functional import AutoICESums
from mmseaice.scenes import SceneStore, refine_classes
from mmseaice.utils.atomic import atomic_path

CHANNELS = ('HH', 'HV', 'incidence_angle')
CHART_SPACING = 80


def parse_args() -> argparse.Namespace:
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
        type=int,
        default=20_000,
        help='pixels drawn from each training scene (default: 20000)',
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def draw_pixels(
    store: SceneStore, task: str, args: argparse.Namespace
) -> tuple[np.ndarray, np.ndarray]:
    """Draw labelled, valid pixels: features (n, 3) and classes (n,)."""
    rng = np.random.default_rng(args.seed)
    features, classes = [], []
    for scene_id in store.scene_ids:
        crop = store[scene_id].read(
            args.spacing, channels=CHANNELS, tasks=[task]
        )
        usable = np.flatnonzero(crop.valid & (crop.charts[task] != IGNORE))
        size = min(args.pixels, usable.size)
        chosen = rng.choice(usable, size=size, replace=False)
        features.append(crop.image.reshape(len(CHANNELS), -1)[:, chosen].T)
        classes.append(crop.charts[task].ravel()[chosen])
    return np.concatenate(features), np.concatenate(classes)


def constant_of(task: str, classes: np.ndarray) -> int:
    """The one class that predicts a task best: mean or most frequent."""
    if TASKS[task].kind == 'regression':
        return round(float(classes.mean()))
    return int(np.bincount(classes).argmax())


def predict(
    model: Pipeline, task: str, image: np.ndarray, valid: np.ndarray
) -> np.ndarray:
    """Class map (H, W) of an image (3, H, W); invalid pixels are 0."""
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
    store: SceneStore, task: str, spacing: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield image, validity and the 80 m truth of each test scene."""
    for scene_id in store.scene_ids:
        scene = store[scene_id]
        crop = scene.read(spacing, channels=CHANNELS, tasks=[])
        truth = scene.read(CHART_SPACING, channels=['HH'], tasks=[task])
        yield crop.image, crop.valid, truth.charts[task]


def main() -> None:
    """Fit, score, write, tell."""
    args = parse_args()
    train, test = SceneStore(args.train), SceneStore(args.test)
    sums = {'constant': AutoICESums(), 'logistic regression': AutoICESums()}
    for task in TASKS:
        features, classes = draw_pixels(train, task, args)
        constant = constant_of(task, classes)
        model = make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=500)
        ).fit(features, classes)
        for image, valid, truth in scenes_to_score(test, task, args.spacing):
            coarse = predict(model, task, image, valid)
            fine = refine_classes(
                coarse, args.spacing / CHART_SPACING, truth.shape
            )
            sums['logistic regression'].update(task, truth, fine)
            sums['constant'].update(
                task, truth, np.full(truth.shape, constant, np.uint8)
            )
    scores = {name: total.scores() for name, total in sums.items()}
    with atomic_path(args.out) as part:
        part.write_text(json.dumps(scores, indent=2) + '\n')
    for name, values in scores.items():
        text = '  '.join(f'{key} {value:.3f}' for key, value in values.items())
        print(f'{name}: {text}')
    print(f'Scores: {args.out}')


if __name__ == '__main__':
    main()
