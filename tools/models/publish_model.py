"""Make a folder to publish from a checkpoint.

    python tools/models/publish_model.py CHECKPOINT OUT_DIR

OUT_DIR gets the weights as safetensors, without the state of the training;
the config of the run, without paths of this machine; the record of how the
training data were prepared; a model card to be completed by hand; and the
SHA-256 sums of them all. tools/models/verify_model.py checks it.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.errors import CheckpointError, MMSeaIceError
from mmseaice.utils.cli import readable_errors
from mmseaice.utils.json_file import write_json
from mmseaice.version import __version__

if TYPE_CHECKING:
    from mmengine.config import Config

CARD = """\
---
license: {licence}
library_name: mmseaice
tags: [sentinel-1, sar, sea-ice]
---

# {name}

{what}: a {model} with {size:.1f} million weights, after {steps} iterations
with mmseaice {version}.

## Data

{data}

How pixels were prepared; mmseaice refuses data prepared in another way:

{parity}

## Scores

{scores}

## How to use

```{language}
{usage}
```

`sha256sum -c SHA256SUMS`, or `tools/models/verify_model.py`, tells whether
the files are those that were published. Nothing in them needs to be run to
be read.

## Licence

{licence}
"""

CHARTING = """\
from mmseaice.apis import SceneInferencer

chart = SceneInferencer('{name}/config.py', '{name}/model.safetensors')
chart('SCENE_prep.nc')"""

ENCODING = """\
python tools/train.py configs/downstream/CONFIG.py --cfg-options \\
    model.backbone.init_cfg.checkpoint={name}/model.safetensors"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('checkpoint', type=Path, help='checkpoint of a run')
    parser.add_argument('out', type=Path, help='new folder')
    parser.add_argument(
        '--config',
        type=Path,
        help='config of the run (the one beside the checkpoint)',
    )
    parser.add_argument(
        '--metrics', type=Path, help='metrics.json of tools/test.py'
    )
    parser.add_argument('--name', help='name of the model (that of OUT_DIR)')
    parser.add_argument(
        '--licence',
        default='apache-2.0',
        help='licence of the weights (apache-2.0)',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a checkpoint that can run code',
    )
    return parser.parse_args(argv)


def find_config(args: argparse.Namespace) -> Path:
    """The config that was given, or the one that the run left."""
    found = [args.config] if args.config else []
    found = found or sorted(args.checkpoint.parent.glob('*.py'))
    if len(found) != 1 or not found[0].is_file():
        raise MMSeaIceError(
            args.config or args.checkpoint.parent,
            'the config of the run',
            ', '.join(path.name for path in found) or 'none',
            'Name it: --config FILE.',
        )
    return found[0]


def read_record(args: argparse.Namespace, meta: Mapping) -> dict[str, Any]:
    """How the training data were prepared."""
    record = meta.get('mmseaice')
    if not record:
        raise CheckpointError(
            args.checkpoint,
            'a record of how the training data were prepared',
            'none',
            'Publish a checkpoint that mmseaice wrote.',
        )
    return dict(record)


def read_scores(path: Path | None) -> dict[str, float | None]:
    """Scores to tell, none if there is no file of them."""
    import json

    if path is None:
        return {}
    try:
        return dict(json.loads(path.read_text())['scores'])
    except (KeyError, TypeError, ValueError) as error:
        raise MMSeaIceError(
            path, 'the metrics.json of tools/test.py', str(error)
        ) from None


def table(entries: Mapping[str, Any]) -> str:
    """A table of two columns, lists without their brackets."""
    lines = ['| | |', '|---|---|']
    for key, value in entries.items():
        if isinstance(value, (list, tuple)):
            value = ', '.join(map(str, value))
        if value not in (None, ''):
            lines.append(f'| {key} | {value} |')
    return '\n'.join(lines)


def write_card(
    args: argparse.Namespace,
    cfg: Config,
    record: Mapping[str, Any],
    weights: Mapping[str, Any],
    steps: int | str,
) -> str:
    """The text of the model card."""
    charts = cfg.get('test_dataloader') is not None
    dataset = dict(cfg.train_dataloader.dataset)
    told = ('type', 'store', 'data_root', 'split', 'channels', 'spacings')
    scores = {
        name: '-' if value is None else f'{value:.2f}'
        for name, value in read_scores(args.metrics).items()
    }
    name = args.name or args.out.resolve().name
    what = 'Sea-ice charts from SAR' if charts else 'An encoder of SAR'
    return CARD.format(
        name=name,
        licence=args.licence,
        what=what,
        model=cfg.model.type,
        size=sum(value.numel() for value in weights.values()) / 1e6,
        steps=steps,
        version=record.get('version', __version__),
        data=table({key: dataset.get(key) for key in (*told, 'tasks')}),
        parity=table(record),
        scores=table(scores) if scores else 'Not given.',
        language='python' if charts else 'bash',
        usage=(CHARTING if charts else ENCODING).format(name=name),
    )


def merge_tuning(cfg: Config, weights: Mapping[str, Any]) -> Mapping[str, Any]:
    """Weights of the whole model, which nobody tunes in what is published.

    Args:
        cfg: Config of the run; changed in place.
        weights: Those it ended with.
    """
    from mmseaice.models.utils import ADAPTERS, merged_weights

    tuning = cfg.model.pop('tuning', None)
    if not isinstance(tuning, Mapping):
        tuning = dict(mode=tuning)
    if tuning['mode'] != 'lora':
        return weights
    chosen = ADAPTERS | tuning
    return merged_weights(weights, chosen['alpha'] / chosen['rank'])


def publish(args: argparse.Namespace) -> None:
    """Read everything, then write the folder, the sums last."""
    if args.out.exists() and (args.out.is_file() or any(args.out.iterdir())):
        raise MMSeaIceError(
            args.out,
            'a new or an empty folder',
            'one with files' if args.out.is_dir() else 'a file',
            'Publish to another place, or empty it first.',
        )
    # These take seconds, so they wait until the arguments are known good.
    from mmengine.config import Config

    from mmseaice.engine import load_checkpoint_file, published
    from mmseaice.utils.quiet import import_upstream_quietly

    import_upstream_quietly()
    content = load_checkpoint_file(
        args.checkpoint, trust=args.trust_checkpoint
    )
    meta = content.get('meta', {})
    record = read_record(args, meta)
    cfg = Config.fromfile(find_config(args))
    weights = merge_tuning(cfg, content['state_dict'])
    cfg = published.portable_config(cfg)
    card = write_card(args, cfg, record, weights, meta.get('iter', 'unknown'))

    args.out.mkdir(parents=True, exist_ok=True)
    published.save_weights(args.out / published.WEIGHTS, weights, record)
    cfg.dump(args.out / published.CONFIG)
    write_json(args.out / published.PARITY, record)
    (args.out / published.CARD).write_text(card)
    manifest = published.write_manifest(args.out)
    for path in sorted(args.out.iterdir()):
        print(f'{path.stat().st_size:14,} bytes  {path}')
    print(f'Sums:    {manifest}\nCheck:   tools/models/verify_model.py')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        publish(args)


if __name__ == '__main__':
    main()
