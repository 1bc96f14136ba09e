"""Tabulate the scenes of a store: scenes.csv, scenes.geojson, scenes.png.

One row per scene with its product, time, orbit, ice chart, region, place,
size, valid share and class shares. The map colours scenes by the lists that
are given with --splits.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.utils.cli import readable_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('store', help='store of scenes')
    parser.add_argument('out', type=Path, help='folder for the three files')
    parser.add_argument(
        '--splits',
        nargs='+',
        default=[],
        metavar='LIST',
        help='scene lists to tell apart on the map: files, or names of '
        'published lists',
    )
    return parser.parse_args(argv)


def tabulate(args: argparse.Namespace) -> None:
    """Write table, footprints and map, say where they are."""
    from mmseaice.scenes import SceneStore, read_split
    from mmseaice.scenes.metadata import (
        scene_table,
        write_scene_csv,
        write_scene_geojson,
    )
    from mmseaice.visualization import draw_footprint_figure

    store = SceneStore(args.store)
    lists = {_list_name(name, args.splits): name for name in args.splits}
    lists = {name: read_split(path) for name, path in lists.items()}
    for name, scenes in lists.items():
        known = [scene for scene in scenes if scene in store]
        print(f'{name}: {len(known)} of {len(scenes)} scenes are in the store')
    rows = scene_table(store)
    write_scene_csv(args.out / 'scenes.csv', rows)
    write_scene_geojson(args.out / 'scenes.geojson', rows)
    places = {
        row['scene_id']: row['footprint'] for row in rows if 'footprint' in row
    }
    groups = {
        name: [places[scene] for scene in scenes if scene in places]
        for name, scenes in lists.items()
    }
    listed = {scene for scenes in lists.values() for scene in scenes}
    others = [place for name, place in places.items() if name not in listed]
    if others:
        groups['other scenes' if groups else 'scenes'] = others
    draw_footprint_figure(
        groups, args.out / 'scenes.png', f'{len(rows)} scenes of {args.store}'
    )
    for suffix in ('csv', 'geojson', 'png'):
        print(args.out / f'scenes.{suffix}')


def _list_name(path: str, paths: list[str]) -> str:
    """The file's stem, or all of the path where two have the same stem."""
    stem = Path(path).stem
    same = [other for other in paths if Path(other).stem == stem]
    return stem if len(same) == 1 else path


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        tabulate(args)


if __name__ == '__main__':
    main()
