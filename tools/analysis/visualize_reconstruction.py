"""Show what a masked autoencoder sees, and what it makes of it.

    python tools/analysis/visualize_reconstruction.py CONFIG CHECKPOINT

Draws original, visible part, reconstruction and error of a few samples, one
row per channel, in the units that the data had before normalisation. If the
model was trained on normalised patches, the mean and deviation of each
hidden patch come from the original: the picture shows the structure that
the decoder found, not the level.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmseaice.errors import MMSeaIceError
from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    positive,
    read_config,
    readable_errors,
)

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.dataset import BaseDataset

    from mmseaice.models.selfsup import SeaIceMAE

#: Samples looked at for each one shown.
CANDIDATES = 8


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description='Draw reconstructions of a masked autoencoder.'
    )
    parser.add_argument('config', help='config file of the pre-training')
    parser.add_argument('checkpoint', help='checkpoint of the pre-training')
    parser.add_argument(
        '--out', required=True, type=Path, help='folder for the figures'
    )
    parser.add_argument(
        '--num',
        type=positive,
        default=6,
        help='number of samples (default: 6)',
    )
    parser.add_argument(
        '--seed', type=natural, default=0, help='seed of samples and masks'
    )
    parser.add_argument(
        '--dataloader',
        default='train_dataloader',
        help='config entry whose data set is shown '
        '(default: train_dataloader)',
    )
    parser.add_argument(
        '--scale',
        choices=('channel', 'figure'),
        default='channel',
        help='one grey scale per channel, or one for all (default: channel)',
    )
    add_config_arguments(parser)
    return parser.parse_args(argv)


def load_model(cfg: Config, path: str, trust: bool) -> SeaIceMAE:
    """Build the autoencoder and fill it with all weights of the file."""
    from mmseaice.apis import init_model

    # On the CPU the same seed hides the same patches everywhere.
    model = init_model(cfg, path, 'cpu', trust_checkpoint=trust)
    if not hasattr(model, 'reconstruct'):
        raise MMSeaIceError(
            cfg.filename,
            'the config of a masked autoencoder',
            f'one of a {type(model).__name__}',
            'Give the config and checkpoint of a pre-training.',
        )
    if not model.target.is_image:
        raise MMSeaIceError(
            cfg.filename,
            'a target that is an image, PixelTarget or DespeckledTarget',
            type(model.target).__name__,
            'Judge such an encoder with tools/analysis/linear_probe.py.',
        )
    return model


def open_dataset(cfg: Config, name: str) -> BaseDataset:
    """The data set of one of the config's data loaders."""
    from mmseaice.registry import DATASETS

    if cfg.get(name) is None:
        raise MMSeaIceError(
            cfg.filename,
            f'a data loader {name!r}',
            'none',
            'Name another one with --dataloader.',
        )
    return DATASETS.build(cfg[name].dataset)


def choose_samples(
    dataset: BaseDataset, num: int, seed: int
) -> list[dict[str, Any]]:
    """Draw candidates and keep ``num`` that differ in level and texture."""
    from mmseaice.datasets import Draw
    from mmseaice.visualization import diverse_subset

    rng = np.random.default_rng(seed)
    count = min(len(dataset), CANDIDATES * num)
    indices = rng.choice(len(dataset), count, replace=False)
    samples = [
        dataset[Draw(index, number, seed)]
        for number, index in enumerate(indices)
    ]
    features = []
    for sample in samples:
        image = sample['inputs'].numpy()
        features.append([*image.mean((1, 2)), *image.std((1, 2))])
    return [samples[i] for i in diverse_subset(np.array(features), num)]


def to_units(values: np.ndarray, parity: dict) -> tuple[np.ndarray, list[str]]:
    """Undo the normalisation of (C, H, W) and name each channel's unit."""
    if parity.get('mean') is not None:
        mean, std = (np.array(parity[key]) for key in ('mean', 'std'))
        values = values * std[:, None, None] + mean[:, None, None]
    units = list(parity.get('units') or ['input units'] * len(values))
    scaling = parity.get('scaling', 'none')
    if scaling != 'none':
        units = [f'{scaling} {unit}, 0 to 1' for unit in units]
    return values, units


def draw(
    model: SeaIceMAE,
    sample: dict[str, Any],
    parity: dict,
    out: Path,
    scale: str,
) -> Path:
    """Hide patches of one sample, fill them in, and draw the figure."""
    from mmseaice.visualization import draw_reconstruction_figure

    batch = {key: [value] for key, value in sample.items()}
    batch = model.data_preprocessor(batch, False)
    result = {
        key: value[0].cpu().numpy()
        for key, value in model.reconstruct(**batch).items()
    }
    original, units = to_units(result['original'], parity)
    reconstruction, _ = to_units(result['reconstruction'], parity)
    meta = sample['data_samples'].metainfo
    hidden = result['mask'][0]
    title = f'scene {meta.get("scene_id", "?")}, {hidden.mean():.0%} hidden'
    if meta.get('spacing'):
        title += f', {meta["spacing"]:g} m'
    if model.head.norm_pix:
        title += '; level and contrast of each patch from the original'
    names = parity.get('channels') or [str(i) for i in range(len(original))]
    return draw_reconstruction_figure(
        original,
        reconstruction,
        hidden,
        out,
        channels=names,
        valid=np.isfinite(original[0]),
        units=units,
        scale=scale,
        title=title,
    )


def visualize(args: argparse.Namespace) -> None:
    """Draw the figures and print where they are."""
    cfg = read_config(args)

    # Imports of several seconds, so `--help` and typos answer at once.
    import torch

    from mmseaice.engine.parity import PIXEL_ENTRIES, check_parity

    model = load_model(cfg, args.checkpoint, args.trust_checkpoint)
    dataset = open_dataset(cfg, args.dataloader)
    parity = dataset.metainfo.get('parity', {})
    trained = model.parity or {}
    pixels = {key: trained[key] for key in PIXEL_ENTRIES if key in trained}
    check_parity(args.checkpoint, pixels, parity)
    torch.manual_seed(args.seed)
    samples = choose_samples(dataset, args.num, args.seed)
    for number, sample in enumerate(samples):
        out = args.out / f'reconstruction_{number:03d}.png'
        print(draw(model, sample, parity, out, args.scale))


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        visualize(args)


if __name__ == '__main__':
    main()
