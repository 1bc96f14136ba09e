"""Make the uncertainty of a trained model honest, and say how honest it is.

    python tools/analysis/calibrate.py CONFIG CHECKPOINT

Runs the model over the validation scenes and fits a temperature for each
classification, prediction sets for it, and intervals for concentration. They
go to CHECKPOINT.calibration.json, which names the hash of the checkpoint; a
reliability diagram of each classification lies beside it.

Every scene gives the same number of labelled pixels, drawn at random, and
everything is computed from these. Sets and intervals hold the truth for a
share of the pixels of a new scene: nine scenes are needed for 90 %, and with
fewer than about 45 they are wider than need be. Fewer than nine are refused,
and other coverages that need more scenes than there are are left out.

What is told was found on scenes that were held out in turn; those of one
orbit or ice chart stay together. Each fold is fitted on the others, so with
fewer than ten scenes its sets hold every class, and are right all the time.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmseaice.errors import MMSeaIceError
from mmseaice.evaluation.functional.calibration import NOMINAL, Calibration
from mmseaice.evaluation.functional.calibration_fit import (
    LEVELS,
    CalibrationReport,
    cross_validate,
    fit_calibration,
)
from mmseaice.evaluation.functional.conformal import scenes_needed
from mmseaice.evaluation.functional.pixel_sample import (
    PixelSample,
    SceneSample,
)
from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    positive,
    read_config,
    readable_errors,
)
from mmseaice.version import __version__

if TYPE_CHECKING:
    from mmengine.config import Config
    from torch.utils.data import DataLoader

    from mmseaice.models.segmentors import MultiTaskSegmentor
    from mmseaice.structures import SeaIceDataSample


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file of the model')
    parser.add_argument('checkpoint', type=Path, help='its checkpoint')
    parser.add_argument(
        '--split',
        choices=('val', 'test'),
        default='val',
        help='whose data loader (default: val); scores of test scenes mean '
        'little once a model was calibrated on them',
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='JSON file to write (default: CHECKPOINT.calibration.json)',
    )
    parser.add_argument(
        '--pixels',
        type=positive,
        default=4000,
        help='labelled pixels drawn from each scene (default: 4000)',
    )
    parser.add_argument(
        '--levels',
        nargs='+',
        type=float,
        default=LEVELS,
        help='coverages of sets and intervals (default: '
        f'{" ".join(map(str, LEVELS))})',
    )
    parser.add_argument(
        '--folds',
        type=positive,
        default=10,
        help='parts of the scenes that are held out in turn (default: 10)',
    )
    parser.add_argument('--seed', type=natural, default=0)
    add_config_arguments(parser)
    args = parser.parse_args(argv)
    if not all(0 < level < 1 for level in args.levels):
        parser.error('--levels: each must lie between 0 and 1')
    args.levels = tuple(sorted({*args.levels, NOMINAL}))
    return args


def load_model(cfg: Config, args: argparse.Namespace) -> MultiTaskSegmentor:
    """The model, which keeps what it thinks of each class."""
    from mmseaice.apis import init_model
    from mmseaice.models.segmentors import MultiTaskSegmentor

    model = init_model(
        cfg, args.checkpoint, trust_checkpoint=args.trust_checkpoint
    )
    if not isinstance(model, MultiTaskSegmentor):
        raise MMSeaIceError(
            args.config,
            'a MultiTaskSegmentor',
            f'a {type(model).__name__}',
            'Give the config of a model that makes charts.',
        )
    model.inference.keep_logits = True
    return model


def open_loader(
    cfg: Config, model: MultiTaskSegmentor, args: argparse.Namespace
) -> DataLoader:
    """The data loader of the split, held against the checkpoint."""
    from mmengine.runner import Runner

    from mmseaice.engine import check_parity
    from mmseaice.engine.parity import has_record

    name = f'{args.split}_dataloader'
    if cfg.get(name) is None:
        raise MMSeaIceError(
            args.config, f'a {name}', 'none', 'Choose another --split.'
        )
    loader = Runner.build_dataloader(cfg[name], seed=args.seed)
    record = loader.dataset.metainfo.get('parity')
    if has_record(record) and has_record(model.parity):
        check_parity(args.checkpoint, model.parity, record)
    return loader


def groups_of(attrs: Mapping[str, Any]) -> dict[str, str]:
    """Ice service and season of a scene, as far as they are known."""
    from mmseaice.scenes.splits.strata import season

    groups = {}
    if attrs.get('ice_service'):
        groups['service'] = attrs['ice_service']
    if attrs.get('acquisition_time'):
        groups['season'] = season(attrs['acquisition_time'])
    return groups


def describe(loader: DataLoader) -> Mapping[str, Mapping[str, Any]]:
    """What the data set says of its scenes, by scene id."""
    tell = getattr(loader.dataset, 'describe_scenes', None)
    return tell() if tell else {}


def charted(sample: SeaIceDataSample) -> np.ndarray:
    """Where the scored grid of a sample has SAR, bool (H, W)."""
    from mmseaice.models.segmentors.inference import refining_factor
    from mmseaice.models.utils import refine_nearest

    height, width = sample.img_shape
    valid = sample.get_valid()[:, :height, :width]
    factor = refining_factor(sample.metainfo)
    return refine_nearest(valid, factor, sample.ori_shape)[0].cpu().numpy()


def draw_pixels(
    model: MultiTaskSegmentor,
    loader: DataLoader,
    known: Mapping[str, Mapping[str, Any]],
    args: argparse.Namespace,
) -> list[SceneSample]:
    """Run the model and keep some labelled pixels of each scene."""
    import torch
    from tqdm import tqdm

    from mmseaice.charts import get_task

    scenes: dict[str, SceneSample] = {}
    for batch in tqdm(loader, 'Inference', unit='batch', disable=None):
        with torch.inference_mode():
            samples = model.test_step(batch)
        for sample in samples:
            name = sample.scene_id
            if name not in scenes:
                groups = groups_of(known.get(name, {}))
                scenes[name] = SceneSample(name, groups=groups)
            valid = charted(sample)
            for task in model.tasks:
                if f'gt_{task}' not in sample:
                    continue
                regression = get_task(task).kind == 'regression'
                read = sample.get_pred if regression else sample.get_logits
                pixels = scenes[name].tasks.setdefault(
                    task,
                    PixelSample(args.pixels, args.seed, f'{name} {task}'),
                )
                pixels.update(
                    read(task).cpu().numpy(),
                    sample.get_gt(task)[0].cpu().numpy(),
                    valid,
                )
    return list(scenes.values())


def reachable_levels(
    scenes: Sequence[SceneSample], args: argparse.Namespace
) -> tuple[float, ...]:
    """The coverages that there are scenes enough for.

    Raises:
        MMSeaIceError: If the nominal one is not among them: sets would hold
            every class, and intervals the whole scale.
    """
    labelled = Counter(
        task
        for scene in scenes
        for task, sample in scene.tasks.items()
        if len(sample)
    )
    task, count = min(
        labelled.items(), key=lambda item: item[1], default=('a task', 0)
    )
    needed = scenes_needed(NOMINAL)
    if count < needed:
        raise MMSeaIceError(
            f'{args.config}, {args.split}_dataloader',
            f'at least {needed} scenes with labels of {task}, which sets and '
            f'intervals for {NOMINAL:.0%} of the pixels need',
            f'{count} of {len(scenes)} scenes',
            'Name a list of more scenes, none of them of the training, with '
            f'--cfg-options {args.split}_dataloader.dataset.split=FILE.',
        )
    for level in args.levels:
        if count < scenes_needed(level):
            print(
                f'No sets and intervals for {level:g}: they need '
                f'{scenes_needed(level)} scenes, and there are {count}.'
            )
    return tuple(it for it in args.levels if count >= scenes_needed(it))


def judge(
    scenes: Sequence[SceneSample],
    calibration: Calibration,
    known: Mapping[str, Mapping[str, Any]],
    args: argparse.Namespace,
) -> tuple[CalibrationReport, str]:
    """What held-out scenes say of it, and in words which scenes they were."""
    from mmseaice.scenes.splits import fold_groups, group_scenes

    names = [scene.scene_id for scene in scenes]
    groups = [[name] for name in names]
    if known:
        groups = group_scenes({name: known[name] for name in names})
    np.random.default_rng(args.seed).shuffle(groups)
    folds = min(args.folds, len(groups))
    if folds > 1:
        parts = fold_groups(groups, folds)
        report = cross_validate(scenes, parts, args.levels, progress=True)
        return report, f'{len(scenes)} scenes held out in {folds} folds'
    report = CalibrationReport()
    for scene in scenes:
        report.update(scene, calibration)
    return report, 'the very scenes of the fit: there is none to hold out'


def tell(calibration: Calibration, judged_on: str) -> None:
    """Print calibration errors before and after, and the coverage."""
    tasks = calibration.metrics['tasks']
    print(f'\nJudged on {judged_on}.\n')
    print(f'{"":<13}{"ECE %":>8}{"NLL":>8}{"Brier":>8}{"T":>8}')
    for task, temperature in calibration.temperatures.items():
        for when in ('before', 'after'):
            found = tasks[task][when]
            used = temperature if when == 'after' else 1
            print(
                f'{task:<5}{when:<8}{100 * found["ece"]:8.2f}'
                f'{found["nll"]:8.3f}{found["brier"]:8.3f}{used:8.3f}'
            )
    title = f'coverage at {100 * NOMINAL:.0f} %'
    print(f'\n{title:<32}{"%":>7}{"+-":>7}{"size":>7}{"scenes":>8}')
    for task, found in tasks.items():
        for row in found['coverage'][str(NOMINAL)]:
            name = f'{row["kind"]} {row["name"]}'.strip()
            print(
                f'{task:<5}{name:<27}{100 * row["coverage"]:7.1f}'
                f'{100 * row["spread"]:7.1f}{row["size"]:7.2f}'
                f'{row["scenes"]:8d}'
            )
    print(
        '+- is the standard deviation over scenes; size the classes in a '
        'set,\nor the width of an interval in tenths.\n'
    )


def calibrate(args: argparse.Namespace) -> None:
    """Run, fit, judge, write, draw, tell."""
    cfg = read_config(args)

    # Imports of several seconds, so `--help` and typos answer at once.
    from mmseaice.apis.calibration_file import (
        calibration_path,
        write_calibration,
    )
    from mmseaice.visualization.reliability_figure import (
        draw_reliability_figure,
    )

    model = load_model(cfg, args)
    loader = open_loader(cfg, model, args)
    known = describe(loader)
    scenes = draw_pixels(model, loader, known, args)
    args.levels = reachable_levels(scenes, args)
    fitted = fit_calibration(scenes, args.levels)
    report, judged_on = judge(scenes, fitted, known, args)
    calibration = replace(
        fitted,
        settings=dict(
            config=Path(args.config).name,
            split=args.split,
            pixels_per_scene=args.pixels,
            seed=args.seed,
            software=f'mmseaice {__version__}',
        ),
        metrics=dict(judged_on=judged_on, tasks=report.summary()),
    )
    out = args.out or calibration_path(args.checkpoint)
    write_calibration(calibration, args.checkpoint, out)
    tell(calibration, judged_on)
    print(f'Calibration: {out}')
    for task, before in report.before.items():
        figure = out.with_suffix(f'.{task}.png')
        draw_reliability_figure(
            {'before': before, 'after': report.after[task]}, task, figure
        )
        print(f'Reliability: {figure}')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        calibrate(args)


if __name__ == '__main__':
    main()
