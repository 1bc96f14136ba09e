"""Show what a model sees: samples after the whole data pipeline.

    python tools/analysis/browse_dataset.py CONFIG --count 6

Draws one picture per sample: every channel as it is normalised, with the
units it had before, every chart, the validity mask, and the place of the
sample in its scene. Of a training loader these are the first samples that a
run with this seed takes; of another one, some of its records.

Then tells mean, spread and range of each channel over the valid pixels of
these samples, and warns where they look as if the normalisation did not fit
the data.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.errors import MMSeaIceError
from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    positive,
    read_config,
    readable_errors,
)

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict
    from mmengine.dataset import BaseDataset

    from mmseaice.visualization import (
        ChannelScale,
        ChannelSummary,
        ScenePlace,
    )

REMEDY = (
    'Do mean and std of NormaliseScene belong to these data and their units? '
    'tools/data/compute_statistics.py tells those of a store.'
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file of a run')
    parser.add_argument(
        '--split-loader',
        choices=('train', 'val', 'test'),
        default='train',
        help='whose data loader (default: train)',
    )
    parser.add_argument(
        '--count',
        type=positive,
        default=6,
        help='number of samples (default: 6)',
    )
    parser.add_argument(
        '--seed', type=natural, help='seed (default: that of the config, or 0)'
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='folder for the pictures (default: '
        'work_dirs/<config>/browse_<split loader>)',
    )
    add_config_arguments(parser)
    return parser.parse_args(argv)


def find_loader(cfg: Config, split: str) -> ConfigDict:
    """The data loader of a split, which must have a data set."""
    loader = cfg.get(f'{split}_dataloader')
    if loader is None or 'dataset' not in loader:
        others = [
            name
            for name in ('train', 'val', 'test')
            if cfg.get(f'{name}_dataloader') is not None and name != split
        ]
        raise MMSeaIceError(
            cfg.filename,
            f'a {split}_dataloader with a data set',
            'none',
            f'Choose another one: --split-loader {" or ".join(others)}.'
            if others
            else 'Give the config of a run.',
        )
    return loader


def choose(
    loader: ConfigDict, dataset: BaseDataset, split: str, count: int, seed: int
) -> list[int]:
    """Choose samples.

    Args:
        loader: The config of their data loader.
        dataset: Its data set.
        split: Which loader it is; only 'train' is asked for its sampler, for
            the others look at every record anyway.
        count: Samples wanted.
        seed: Seed of the choice and of all augmentation.

    Returns:
        Indices, in training mode with the number of their draw.
    """
    from mmseaice.datasets import Draw
    from mmseaice.registry import DATA_SAMPLERS

    sampler_cfg = loader.get('sampler') if split == 'train' else None
    sampler = DATA_SAMPLERS.build(
        sampler_cfg or dict(type='mmengine.DefaultSampler', shuffle=True),
        default_args=dict(dataset=dataset, seed=seed),
    )
    indices = list(islice(sampler, count))
    if getattr(dataset, 'test_mode', False):
        return indices
    # Samplers of other libraries do not number what they draw.
    return [
        index if isinstance(index, Draw) else Draw(index, number, seed)
        for number, index in enumerate(indices)
    ]


def load(dataset: BaseDataset, index: int) -> dict[str, Any]:
    """A sample as numpy arrays, with what is known of it.

    Returns:
        ``image`` (C, H, W); ``valid`` (H, W) or None; ``charts`` by task;
        ``meta``, its metainfo beside its record; ``label``, the class of a
        patch, or None.
    """
    packed = dataset[index]
    if not isinstance(packed, dict) or 'data_samples' not in packed:
        raise MMSeaIceError(
            'pipeline',
            'inputs and data_samples at its end',
            ', '.join(packed)
            if isinstance(packed, dict)
            else type(packed).__name__,
            'End it with PackScene or PackPatch.',
        )
    sample = packed['data_samples']
    loaded = {
        'image': packed['inputs'].numpy(),
        'valid': sample.get_valid()[0].numpy() if 'valid' in sample else None,
        'charts': {
            task: sample.get_gt(task)[0].numpy()
            for task in getattr(sample, 'tasks', ())
        },
        'meta': dataset.get_data_info(index) | sample.metainfo,
        'label': None,
    }
    if 'gt_label' in sample:
        loaded['label'] = dataset.metainfo['classes'][int(sample.gt_label)]
    return loaded


def scales_of(parity: dict[str, Any], count: int) -> list[ChannelScale]:
    """What each channel of an image means, as far as the record tells."""
    from mmseaice.visualization import ChannelScale

    names = parity.get('channels') or []
    if len(names) != count:
        return [ChannelScale(f'channel {i}') for i in range(count)]
    units = parity['units']
    if parity['scaling'] != 'none':
        units = [f'{parity["scaling"]} {unit}, 0 to 1' for unit in units]
    mean = parity['mean'] or [None] * count
    std = parity['std'] or [1.0] * count
    return list(map(ChannelScale, names, units, mean, std))


def find_place(meta: dict[str, Any]) -> ScenePlace | None:
    """The scene of a sample at its coarsest spacing, if it is stored."""
    from mmseaice.scenes import CHANNELS, SceneStore
    from mmseaice.visualization import ChannelScale, ScenePlace

    if 'store' not in meta or 'window' not in meta:
        return None
    store = SceneStore(meta['store'])
    scene, spacing = store[meta['scene_id']], store.spacings[-1]
    full = store.options.full_channels
    name = next((name for name in ('HH', 'HV') if name in full), full[0])
    crop = scene.read(spacing, channels=[name], tasks=[])
    return ScenePlace(
        crop.image[0],
        ChannelScale(name, CHANNELS[name].units),
        tuple(length * spacing / 1000 for length in scene.shape(spacing)),
        tuple(length * meta['spacing'] / 1000 for length in meta['window']),
    )


def title_of(sample: dict[str, Any]) -> str:
    """Two lines: which scene and spacing; which window of it."""
    meta = sample['meta']
    first = [f'scene {meta.get("scene_id", "?")}']
    if 'patch_id' in meta:
        first.append(f'patch {meta["patch_id"]}')
    if meta.get('spacing'):
        first.append(f'{meta["spacing"]:g} m')
    if sample['label'] is not None:
        first.append(f'label: {sample["label"]}')
    height, width = sample['image'].shape[-2:]
    second = [f'{height} x {width} pixels']
    if 'window' in meta:
        y, x, lines, samples = meta['window']
        second.append(f'lines {y} to {y + lines - 1}')
        second.append(f'samples {x} to {x + samples - 1}')
    if sample['valid'] is not None:
        second.append(f'{100 * sample["valid"].mean():.1f} % valid')
    return ', '.join(first) + '\n' + ', '.join(second)


def name_of(number: int, meta: dict[str, Any]) -> str:
    """File name of a picture."""
    scene, patch = (str(meta.get(k, '')) for k in ('scene_id', 'patch_id'))
    # Ids of exported patches begin with their scene and hold the spacing.
    parts = [patch] if patch.startswith(f'{scene}_') else [scene, patch]
    if meta.get('spacing') and len(parts) > 1:
        parts.append(f'{meta["spacing"]:g}m')
    return '_'.join([f'{number:03d}', *filter(None, parts)]) + '.png'


def tell(summaries: list[ChannelSummary], count: int) -> None:
    """Print the table, and warnings to the error output."""
    print(f'Normalised values of the valid pixels of {count} samples:')
    print(summaries[0].header, *(s.row() for s in summaries), sep='\n')
    doubts = [doubt for summary in summaries for doubt in summary.doubts()]
    if doubts:
        warnings = [f'Warning: {doubt}' for doubt in doubts]
        print(*warnings, REMEDY, sep='\n', file=sys.stderr)


def browse(args: argparse.Namespace) -> None:
    """Draw the samples, tell the statistics, say where the pictures are."""
    cfg = read_config(args)
    loader = find_loader(cfg, args.split_loader)

    # Imports of several seconds, so `--help` and typos answer at once.
    from mmengine.registry import init_default_scope
    from mmengine.runner import set_random_seed
    from tqdm import tqdm

    from mmseaice.registry import DATASETS
    from mmseaice.visualization import ChannelSummary, draw_sample_figure

    init_default_scope('mmseaice')
    seed = args.seed
    if seed is None:
        seed = (cfg.get('randomness') or {}).get('seed') or 0
    # For steps of other libraries, which draw from global generators.
    set_random_seed(seed)
    out = args.out or Path(
        'work_dirs', Path(args.config).stem, f'browse_{args.split_loader}'
    )
    dataset = DATASETS.build(loader.dataset)
    parity = dataset.metainfo.get('parity', {})
    indices = choose(loader, dataset, args.split_loader, args.count, seed)
    summaries: list[ChannelSummary] = []
    for number, index in enumerate(tqdm(indices, unit='sample', disable=None)):
        sample = load(dataset, index)
        image, valid = sample['image'], sample['valid']
        scales = scales_of(parity, len(image))
        summaries = summaries or [
            ChannelSummary(scale.name, parity.get('clip')) for scale in scales
        ]
        for summary, values in zip(summaries, image, strict=True):
            known = values.ravel() if valid is None else values[valid]
            summary.update(known)
        draw_sample_figure(
            image,
            scales,
            out / name_of(number, sample['meta']),
            valid=valid,
            charts=sample['charts'],
            place=find_place(sample['meta']),
            title=title_of(sample),
        )
    tell(summaries, len(indices))
    print(f'{len(indices)} pictures: {out}')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        browse(args)


if __name__ == '__main__':
    main()
