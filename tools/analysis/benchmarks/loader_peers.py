"""Other ways to feed crops to a model, for ``loader.py`` to measure.

Each data set gives what ``AI4ArcticDataset`` gives after ``CropScene``, and
the same steps follow. Whatever is a matter of taste is done the fast way:
no window is drawn twice for its validity, and charts go to coarser grids by
their nearest pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import joblib
import numpy as np
import xarray as xr
from torch.utils.data import Dataset

from mmseaice.charts import IGNORE
from mmseaice.datasets.samplers import Draw
from mmseaice.scenes import (
    CHANNELS,
    destandardise,
    interpolate_coarse,
    open_scene,
    resample_chart,
    resample_field,
    resample_scene,
)

CHARTS = ('SIC', 'SOD', 'FLOE')
SAR = ('HH', 'HV')
RELEASE = 'Dec-2022'


class Peer(Dataset):
    """Crops that something else than a store gives.

    Args:
        steps: What follows a crop.
        size: Lines and samples of a crop.
    """

    def __init__(self, steps: Callable[[dict], dict], size: int) -> None:
        self.steps = steps
        self.size = size

    def crop(self, draw: Draw) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Image in dB, NaN invalid, (2, H, W), and charts by name."""
        raise NotImplementedError

    def __getitem__(self, draw: Draw) -> dict:
        image, charts = self.crop(draw)
        results = {
            'image': image,
            'valid': np.isfinite(image).all(axis=0),
            'charts': charts,
            'channels': SAR,
            'rng': draw.generator(),
        }
        return self.steps(results)


class Nothing(Peer):
    """No data at all: what the rest of the loader costs."""

    def crop(self, draw: Draw) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """An image of zeros."""
        shape = (self.size, self.size)
        charts = {name: np.zeros(shape, np.uint8) for name in CHARTS}
        return np.zeros((2, *shape), np.float32), charts


class SceneFiles(Peer):
    """Ready-to-train files, opened for each crop.

    Args:
        files: The files.
        spacings: Pixel spacings in m.
        whole: Whether variables are read whole, as the official starter
            kit does, or only the window.
    """

    def __init__(
        self,
        steps: Callable[[dict], dict],
        size: int,
        files: Sequence[Path],
        spacings: Sequence[float],
        whole: bool,
    ) -> None:
        super().__init__(steps, size)
        self.files = files
        self.spacings = spacings
        self.whole = whole

    def crop(self, draw: Draw) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Read, cut, resample."""
        rng = draw.generator()
        with xr.open_dataset(
            self.files[rng.integers(len(self.files))]
        ) as file:
            shape = file['SIC'].shape
            factor, window = draw_window(shape, self.size, self.spacings, rng)
            names = [CHANNELS[name].source for name in SAR] + [*CHARTS]
            values = {}
            for name in names:
                if self.whole:
                    values[name] = file[name].values[window]
                else:
                    values[name] = file[name][window].values
        image = [values.pop(CHANNELS[name].source) for name in SAR]
        blank = (image[0] == 0) & (image[1] == 0)
        for name, plane in zip(SAR, image, strict=True):
            plane[...] = destandardise(plane, name, RELEASE)
            plane[blank] = np.nan
        return coarsen(image, values, factor, self.size)


class InMemory(Peer):
    """All scenes in memory at 80 m.

    Args:
        files: The files.
        spacings: Pixel spacings in m.
    """

    def __init__(
        self,
        steps: Callable[[dict], dict],
        size: int,
        files: Sequence[Path],
        spacings: Sequence[float],
    ) -> None:
        super().__init__(steps, size)
        self.spacings = spacings
        self.scenes = []
        for file in files:
            scene = open_scene(file, variables=(*SAR, *CHARTS))
            self.scenes.append({n: scene[n].values for n in scene.data_vars})

    def crop(self, draw: Draw) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Cut, resample."""
        rng = draw.generator()
        scene = self.scenes[rng.integers(len(self.scenes))]
        factor, window = draw_window(
            scene['SIC'].shape, self.size, self.spacings, rng
        )
        image = [scene[name][window] for name in SAR]
        charts = {name: scene[name][window] for name in CHARTS}
        return coarsen(image, charts, factor, self.size)


class Patches(Peer):
    """One file per patch.

    Args:
        folder: Where the files are.
    """

    suffix = ''

    def __init__(
        self, steps: Callable[[dict], dict], size: int, folder: Path
    ) -> None:
        super().__init__(steps, size)
        self.files = sorted(folder.glob(f'*{self.suffix}'))

    def draw_file(self, draw: Draw) -> Path:
        """A file at random."""
        return self.files[draw.generator().integers(len(self.files))]


class NpzPatches(Patches):
    """Compressed npz files with HH, HV and charts."""

    suffix = '.npz'

    def crop(self, draw: Draw) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Read a patch."""
        with np.load(self.draw_file(draw)) as file:
            return file['image'], {name: file[name] for name in CHARTS}


class JoblibPatches(Patches):
    """Joblib pickles with all channels and charts."""

    suffix = '.pkl'

    def crop(self, draw: Draw) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Read a patch, take what is needed."""
        patch = joblib.load(self.draw_file(draw))
        image = np.stack([patch[name] for name in SAR])
        return image, {name: patch[name].astype(np.uint8) for name in CHARTS}


def draw_window(
    shape: tuple[int, int],
    size: int,
    spacings: Sequence[float],
    rng: np.random.Generator,
) -> tuple[float, tuple[slice, slice]]:
    """A spacing as a factor to 80 m, and a window of 80 m pixels for it."""
    factor = spacings[rng.integers(len(spacings))] / 80
    length = int(np.ceil(size * factor))
    window = []
    for limit in shape:
        start = int(rng.integers(max(limit - length, 0) + 1))
        window.append(slice(start, min(start + length, limit)))
    return factor, tuple(window)


def coarsen(
    image: Sequence[np.ndarray],
    charts: dict[str, np.ndarray],
    factor: float,
    size: int,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Bring a window of 80 m pixels to ``size`` cells, padded if need be."""
    out = np.full((len(image), size, size), np.nan, np.float32)
    labels = {n: np.full((size, size), IGNORE, np.uint8) for n in charts}
    if factor > 1:
        valid = np.isfinite(image[0])
        image = [
            resample_field(plane, valid, factor, decibel=True)
            for plane in image
        ]
        charts = {
            name: resample_chart(chart, factor, 'nearest')
            for name, chart in charts.items()
        }
    for i, plane in enumerate(image):
        height, width = plane[:size, :size].shape
        out[i, :height, :width] = plane[:size, :size]
    for name, chart in charts.items():
        labels[name][:height, :width] = chart[:size, :size]
    return out, labels


def write_patches(
    file: Path,
    folder: Path,
    kind: str,
    count: int,
    size: int,
    spacings: Sequence[float],
) -> None:
    """Cut one scene into patches, as many at each spacing.

    Args:
        file: Ready-to-train file.
        folder: Where patches go.
        kind: 'npz' for HH, HV and charts, compressed; 'pickle' for
            everything, as a joblib pickle.
        count: Patches of the scene.
        size: Lines and samples of a patch.
        spacings: Pixel spacings in m.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = (*SAR, *CHARTS) if kind == 'npz' else None
    scene = open_scene(file, variables=names)
    rng = np.random.default_rng(0)
    for number, spacing in enumerate(spacings):
        level = resample_scene(scene, spacing)
        wanted = count * (number + 1) // len(spacings)
        wanted -= count * number // len(spacings)
        for i, window in enumerate(_windows(level, size, wanted, rng)):
            path = folder / f'{file.stem}_{spacing:g}_{i:03d}'
            if kind == 'npz':
                image = np.stack([level[n].values[window] for n in SAR])
                charts = {n: level[n].values[window] for n in CHARTS}
                np.savez_compressed(f'{path}.npz', image=image, **charts)
            else:
                joblib.dump(_all_channels(level, window), f'{path}.pkl')


def _windows(
    level: xr.Dataset, size: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[slice, slice]]:
    """Windows with valid SAR in three tenths of their pixels, if found."""
    valid = np.isfinite(level['HH'].values)
    for _ in range(count):
        for _ in range(10):
            start = [
                int(rng.integers(max(n - size, 0) + 1)) for n in valid.shape
            ]
            window = tuple(slice(first, first + size) for first in start)
            if valid[window].mean() >= 0.3:
                break
        yield window


def _all_channels(
    level: xr.Dataset, window: tuple[slice, slice]
) -> dict[str, np.ndarray]:
    """Every channel and chart on the window, float32."""
    patch = {name: level[name].values[window] for name in CHARTS}
    height, width = patch['SIC'].shape
    for name, channel in CHANNELS.items():
        if channel.grid == 'full':
            patch[name] = level[name].values[window]
        else:
            patch[name] = interpolate_coarse(
                level[name].values,
                level['y_2km'].values,
                level['x_2km'].values,
                y=window[0].start,
                x=window[1].start,
                height=height,
                width=width,
            )
    return {name: values.astype(np.float32) for name, values in patch.items()}
