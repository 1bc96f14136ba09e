"""Judge an encoder by a linear classifier on its frozen features.

    python tools/analysis/linear_probe.py CONFIG CHECKPOINT --seeds 0 1 2

CONFIG is one of a patch classifier. Its validation data are scored; the same
data set with split 'train', without augmentation, is what the probe is
fitted on. The same is done with a random encoder of the same architecture,
and the difference is what pre-training is worth.

A seed draws the weights of the random encoder and the nine tenths of the
training patches that the probe sees. The probe is a logistic regression on
standardised features; how strongly it is regularised is chosen within the
training scenes, each of which is left out once. Give one checkpoint for all
seeds, or one for each.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmseaice.errors import MMSeaIceError
from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    read_config,
    readable_errors,
)
from mmseaice.utils.json_file import write_json

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.dataset import BaseDataset

    from mmseaice.models.classifiers import PatchClassifier

#: Inverse strengths of the regularisation to choose from.
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description='Probe a frozen encoder, and a random one beside it.'
    )
    parser.add_argument('config', help='config of a patch classifier')
    parser.add_argument(
        'checkpoint', nargs='+', help='pre-trained encoder, one or per seed'
    )
    parser.add_argument('--seeds', nargs='+', type=natural, default=[0, 1, 2])
    parser.add_argument(
        '--out', type=Path, help='JSON file to write the scores to'
    )
    add_config_arguments(parser)
    args = parser.parse_args(argv)
    if len(args.checkpoint) not in (1, len(args.seeds)):
        parser.error('give one checkpoint, or one for each seed')
    return args


def build_encoder(
    cfg: Config, checkpoint: str | None, seed: int
) -> PatchClassifier:
    """The config's model with a pre-trained or a random encoder."""
    import torch

    from mmseaice.registry import MODELS

    model_cfg = cfg.model.to_dict()
    model_cfg['backbone']['init_cfg'] = checkpoint and dict(
        type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
    )
    torch.manual_seed(seed)
    model = MODELS.build(model_cfg)
    model.init_weights()
    model.eval()
    return model


def extract_features(
    model: PatchClassifier, dataset: BaseDataset, batch_size: int = 256
) -> np.ndarray:
    """Features of every patch of a data set, (n, D)."""
    import torch
    from tqdm import tqdm

    features = []
    starts = range(0, len(dataset), batch_size)
    for start in tqdm(starts, desc='features', leave=False):
        stop = min(start + batch_size, len(dataset))
        inputs = [dataset[index]['inputs'] for index in range(start, stop)]
        with torch.inference_mode():
            pooled = model.extract_feat(torch.stack(inputs))[-1]
            features.append(pooled.numpy())
    return np.concatenate(features)


def labels_and_scenes(dataset: BaseDataset) -> tuple[np.ndarray, np.ndarray]:
    """Class and scene of every patch, both (n,)."""
    records = [dataset.get_data_info(i) for i in range(len(dataset))]
    return (
        np.array([record['gt_label'] for record in records]),
        np.array([record['scene_id'] for record in records]),
    )


def macro_f1(truth: np.ndarray, prediction: np.ndarray, classes: int) -> float:
    """Macro-F1 in percent."""
    from mmseaice.evaluation.functional import ConfusionMatrix

    confusion = ConfusionMatrix(classes)
    confusion.update(truth, prediction)
    return 100 * confusion.macro_f1()


def probe(
    train: tuple[np.ndarray, np.ndarray, np.ndarray],
    val: tuple[np.ndarray, np.ndarray],
    seed: int,
    classes: int,
) -> tuple[float, float]:
    """Fit on nine tenths of the training patches, score on the others' scenes.

    Args:
        train: Features (n, D), classes (n,) and scenes (n,).
        val: Features (m, D) and classes (m,).
        seed: Seed of the nine tenths.
        classes: Number of classes.

    Returns:
        Macro-F1 on ``val`` in percent, and the inverse strength of the
        regularisation that was chosen on ``train``.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    size = len(train[0])
    chosen = rng.choice(size, size * 9 // 10, replace=False)
    features, truth, scenes = (part[chosen] for part in train)

    def classifier(strength: float) -> LogisticRegression:
        return make_pipeline(
            StandardScaler(),
            LogisticRegression(C=strength, solver='newton-cholesky'),
        )

    held_out = {
        strength: macro_f1(
            truth,
            cross_val_predict(
                classifier(strength),
                features,
                truth,
                groups=scenes,
                cv=LeaveOneGroupOut(),
            ),
            classes,
        )
        for strength in tqdm(STRENGTHS, desc='strengths', leave=False)
    }
    best = max(held_out, key=held_out.get)
    model = classifier(best).fit(features, truth)
    return macro_f1(val[1], model.predict(val[0]), classes), best


def probe_all(args: argparse.Namespace) -> None:
    """Probe each seed's encoders, print the table, write the scores."""
    cfg = read_config(args)
    if cfg.get('val_dataloader') is None:
        raise MMSeaIceError(
            args.config,
            'a val_dataloader',
            'none',
            'Give the config of a patch classifier.',
        )

    # Imports of several seconds, so `--help` and typos answer at once.
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    from mmseaice.registry import DATASETS
    from mmseaice.utils.quiet import import_upstream_quietly

    import_upstream_quietly()
    init_default_scope('mmseaice')
    MMLogger.get_instance('mmengine', log_level='WARNING')
    val_cfg = cfg.val_dataloader.dataset
    train_set = DATASETS.build(val_cfg | dict(split='train'))
    val_set = DATASETS.build(val_cfg)
    train_labels, val_labels = map(labels_and_scenes, (train_set, val_set))
    classes = len(val_set.metainfo['classes'])

    def score(checkpoint: str | None, seed: int) -> tuple[float, float]:
        model = build_encoder(cfg, checkpoint, seed)
        return probe(
            (extract_features(model, train_set), *train_labels),
            (extract_features(model, val_set), val_labels[0]),
            seed,
            classes,
        )

    scores = {'pre-trained': [], 'random': []}
    strengths = {'pre-trained': [], 'random': []}
    for number, seed in enumerate(args.seeds):
        checkpoint = args.checkpoint[number % len(args.checkpoint)]
        encoders = {'pre-trained': checkpoint, 'random': None}
        for name, path in encoders.items():
            result, strength = score(path, seed)
            scores[name].append(result)
            strengths[name].append(strength)
            print(
                f'seed {seed}, {name}: {result:.2f} macro-F1 (C={strength:g})',
                flush=True,
            )
    for name, values in scores.items():
        spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
        print(f'{name:<12} {np.mean(values):6.2f} +- {spread:.2f}')
    gain = np.mean(scores['pre-trained']) - np.mean(scores['random'])
    print(f'{"gain":<12} {gain:6.2f}')
    if args.out:
        report = dict(
            seeds=args.seeds, macro_f1=scores, strengths=strengths, gain=gain
        )
        write_json(args.out, report)
        print(f'Scores: {args.out}')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        from mmseaice.engine import trusted_checkpoints

        with trusted_checkpoints(args.trust_checkpoint):
            probe_all(args)


if __name__ == '__main__':
    main()
