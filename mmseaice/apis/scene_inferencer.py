"""From a scene to its charts."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from mmcv.transforms import Compose
from mmengine.config import Config

from ..evaluation.functional.calibration import NOMINAL
from ..models.utils import Blend
from ..registry import TRANSFORMS
from ..scenes.charted import ChartFolder
from ..scenes.open_stream import Scene, stream_scene
from ..scenes.stream import SceneStream
from ..utils.checksum import sha256_of
from ..version import __version__
from .calibration_file import calibration_path, read_calibration
from .chart_layers import ChartLayers, layer_attrs
from .line_predictor import LinePredictor, prefetch
from .line_refiner import LineRefiner
from .model import init_model
from .scene_lines import KnownLines, prepare_lines
from .scene_parity import check_config, check_stream
from .window_predictor import FLIPS, Precision, WindowPredictor

#: Pixels along a window, far above those of any training.
_LARGEST = 8192

#: Channels that change their sign when a scene is mirrored.
_VECTORS = {'u10m_rotated', 'v10m_rotated'}


class SceneInferencer:
    """Charts whole scenes with a trained model, in constant memory.

    Lines of a scene are read, prepared exactly as the training data were,
    predicted in overlapping windows, brought back to 80 m and handed on, so
    that memory depends on the window and the width of the scene alone.
    Spacing, channels and normalisation come from the config's
    ``test_dataloader`` and are compared with the record in the checkpoint,
    which also says how valid a resampled cell must be, and which mask and
    release a scene must have. Windows without a pixel to chart are not
    computed.

    Args:
        config: Config of the fine-tuning, or its path.
        checkpoint: Its weights; several are an ensemble.
        device: Where to run; the first GPU by default, the CPU without one.
        trust_checkpoint: Whether checkpoints may run code.
        window: Height and width of a window, in pixels of the model. By
            default what the config's ``test_cfg`` of the model says; the
            whole scene if that has no windows.
        stride: Steps between windows, down and across; by default that of
            the config, or half a window.
        blend: How much the pixels of a window count where windows overlap,
            see :func:`~mmseaice.models.utils.blend_weights`; by default
            that of the config.
        batch_size: Windows in one pass.
        flips: Also predict what is mirrored: names among 'none',
            'horizontal', 'vertical', 'both'.
        dropout_passes: Passes with dropout left on.
        precision: 'fp32', 'bf16' or 'fp16'.
        seed: Seed of the dropout.
        calibration: File of tools/analysis/calibrate.py for the checkpoint,
            'auto' to take the one beside it if there is one, or None. Only
            for a single pass of a single checkpoint.

    Raises:
        CheckpointError: If the checkpoint does not fit the config, or the
            calibration is that of another one.
        ParityError: If the config prepares pixels in another way than the
            model was trained on.
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        config: str | os.PathLike | Config,
        checkpoint: str | os.PathLike | Sequence[str | os.PathLike],
        device: str | torch.device | None = None,
        trust_checkpoint: bool = False,
        *,
        window: tuple[int, int] | None = None,
        stride: tuple[int, int] | None = None,
        blend: Blend | None = None,
        batch_size: int | None = None,
        flips: Sequence[str] = ('none',),
        dropout_passes: int = 0,
        precision: Precision = 'fp32',
        seed: int = 0,
        calibration: str | os.PathLike | None = 'auto',
    ) -> None:
        if isinstance(checkpoint, str | os.PathLike):
            checkpoint = [checkpoint]
        self.checkpoints = [Path(path) for path in checkpoint]
        models = [
            init_model(config, path, device, trust_checkpoint)
            for path in self.checkpoints
        ]
        self.model = models[0]
        self.config_name = Path(self.model.cfg.filename or 'config').stem
        dataset = self.model.cfg.test_dataloader.dataset
        # Data sets take a single value as well as a list.
        self.channels = tuple(np.atleast_1d(dataset.channels).tolist())
        self.spacing = float(np.atleast_1d(dataset.spacings)[0])
        steps = [
            step
            for step in dataset.pipeline
            if step['type'].rpartition('.')[2] != 'LoadScene'
        ]
        self.pipeline = Compose([TRANSFORMS.build(step) for step in steps])
        for model, path in zip(models, self.checkpoints, strict=True):
            check_config(
                str(path),
                model.parity or {},
                self.pipeline,
                self.channels,
                self.spacing,
            )
        self._check_flips(flips)
        self.predict = WindowPredictor(
            models, flips, dropout_passes, precision
        )
        self.calibration = self._find_calibration(calibration)
        self.layers = ChartLayers(
            self.predict,
            self.calibration
            and read_calibration(self.checkpoints[0], self.calibration),
        )
        self._sums = [sha256_of(path) for path in self.checkpoints]
        self.how = self.model.inference.changed(
            window, stride, blend=blend, batch_size=batch_size
        )
        if window:
            self._check_window(window)
        self.passes = {
            'window': list(self.how.crop_size or ()),
            'stride': list(self.how.stride or ()),
            'blend': self.how.blend,
            'flips': list(flips),
            'dropout_passes': dropout_passes,
            'precision': precision,
            'seed': seed if dropout_passes else 0,
        }
        self._seed = seed
        #: Windows of the last scene, and seconds that the models took.
        self.windows, self.seconds = 0, 0.0

    def _find_calibration(self, path: str | os.PathLike | None) -> Path | None:
        """The file of the calibration to use, if any."""
        single = self.predict.passes == 1
        if path is None or (path == 'auto' and not single):
            return None
        if path == 'auto':
            path = calibration_path(self.checkpoints[0])
            return path if path.is_file() else None
        if not single:
            raise ValueError(
                'calibration must be None for several passes, as it was '
                f'fitted to one, but got {os.fspath(path)!r}.'
            )
        return Path(path)

    def _check_window(self, window: tuple[int, int]) -> None:
        """Refuse a window that the model cannot take, or no memory holds."""
        if max(window) > _LARGEST:
            raise ValueError(
                f'window must be at most {_LARGEST} pixels wide and high, '
                f'but got {tuple(window)}.'
            )
        device = self.predict.device
        zeros = torch.zeros(1, len(self.channels), *window, device=device)
        try:
            with torch.inference_mode():
                self.model.predict_logits(zeros)
        except RuntimeError as error:
            raise ValueError(
                f'window must be one that the model can take, but got '
                f'{tuple(window)}: {str(error).splitlines()[0]}'
            ) from error

    def _check_flips(self, flips: Sequence[str]) -> None:
        turned = set(flips) - {'none'}
        wind = sorted(_VECTORS & set(self.channels))
        if turned & FLIPS.keys() and wind:
            raise ValueError(
                f"flips must be ['none'] for a model of {', '.join(wind)}, "
                f'which turn with the scene, but got {list(flips)}.'
            )

    def open(
        self,
        scene: Scene,
        mask: str | None = None,
        land_mask: str | os.PathLike | None = None,
        polarisation: str | Sequence[str] | None = None,
    ) -> SceneStream:
        """Open a scene to be charted, and check that it may be.

        Args:
            scene: What :func:`~mmseaice.scenes.open_stream.stream_scene`
                takes.
            mask: Where SAR is blanked, see
                :func:`~mmseaice.scenes.open_scene`; NetCDF files only.
            land_mask: File that says where land is.
            polarisation: What the bands of a GeoTIFF are, if it does not
                say so.

        Raises:
            ParityError: If the scene is of another release, or masked in
                another way, than those the model was trained on. A mask of
                land stands in for one of the chart, with a warning.
            MissingChannelError: If the scene lacks HH, HV or incidence
                angle, and the model needs it.
            SceneFileError: If the file cannot be read.
        """
        stream = stream_scene(
            scene,
            self.channels,
            self.spacing,
            min_valid=self.model.parity['min_valid'],
            mask=mask,
            land_mask=land_mask,
            polarisation=polarisation,
        )
        for model in self.predict.models:
            check_stream(stream, model.parity)
        if self.calibration and stream.attrs.get('kind') in ('grd', 'geotiff'):
            warnings.warn(
                f'{stream.name}: noise was removed in another way than in '
                'the scenes of the calibration, which may not hold here.',
                stacklevel=2,
            )
        if stream.missing:
            warnings.warn(
                f'{stream.name}: has no {", ".join(stream.missing)}; the '
                'mean of the training data stands in.',
                stacklevel=2,
            )
        return stream

    def __call__(self, scene: Scene) -> xr.Dataset:
        """Chart one scene in memory.

        Args:
            scene: A supported file, a canonical scene, or one of a store.

        Returns:
            The charted scene, as :func:`~mmseaice.scenes.open_charted`
            describes it.

        Raises:
            As :meth:`open`, and PredictionError if a model gives NaN.
        """
        stream = self.open(scene)
        parts = list(self._chart(stream))
        layers = {
            name: (
                ('y', 'x'),
                np.concatenate([part[name] for part in parts]),
                layer_attrs(name),
            )
            for name in self._names(stream)
        }
        places = stream.places.assign(layers)
        return places.assign_attrs(self.provenance(stream))

    def chart(
        self, stream: SceneStream, folder: str | Path, **attrs: str
    ) -> Iterator[int]:
        """Chart a scene into a folder, or go on with one.

        Args:
            stream: The scene, as :meth:`open` gives it.
            folder: Where :func:`~mmseaice.scenes.charted.open_charted`
                finds it.
            **attrs: More attributes of the chart.

        Yields:
            The number of lines that were written, each time some were.

        Raises:
            PredictionError: If a model gives NaN.
            OSError: If the disk is full; the same call continues.
        """
        with ChartFolder(
            folder,
            stream.fine_shape,
            self._names(stream),
            stream.places,
            self.provenance(stream) | attrs,
        ) as target:
            if target.lines:
                yield target.lines
            for part in self._chart(stream, target.lines):
                target.append(part)
                yield len(part['status'])
            target.finish()

    def _names(self, stream: SceneStream) -> tuple[str, ...]:
        sar = [name for name in ('HH', 'HV') if name in stream.present]
        return (*self.layers.names, *sar)

    def provenance(self, stream: SceneStream) -> dict[str, Any]:
        """Attributes of the scene and where its charts come from.

        ``fingerprint`` differs if anything does that decides how charts
        look, the content of files included.
        """
        kept = {
            name: value
            for name, value in stream.attrs.items()
            if isinstance(value, str | int | float) and name != 'path'
        }
        return kept | {
            'source': Path(stream.name).name,
            'model': self.config_name,
            'model_spacing': self.spacing,
            'checkpoint': ', '.join(path.name for path in self.checkpoints),
            'checkpoint_sha256': ', '.join(self._sums),
            'software': f'mmseaice {__version__}',
            'passes': json.dumps(self.passes),
            'filled_channels': ', '.join(stream.missing),
            'calibration': self._calibration_text(),
            'fingerprint': self._fingerprint(stream),
        }

    def _fingerprint(self, stream: SceneStream) -> str:
        """Digest of the config, the calibration and the scene's files."""
        cfg = self.model.cfg
        dataset = cfg.test_dataloader.dataset
        parts = [
            cfg.model.to_dict(),
            [step.to_dict() for step in dataset.pipeline],
            self.calibration and sha256_of(self.calibration),
            stream.stamps,
        ]
        text = json.dumps(parts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _calibration_text(self) -> str:
        """Which calibration was used, and what it stands for."""
        if self.calibration is None:
            return ''
        count = len(self.layers.calibration.scenes)
        return (
            f'{self.calibration.name}: sets and intervals hold the chart of '
            f'{NOMINAL:.0%} of pixels, over scenes like the {count} that it '
            'was fitted on'
        )

    def _chart(
        self, stream: SceneStream, first: int = 0
    ) -> Iterator[dict[str, np.ndarray]]:
        """Layers of the next lines at 80 m, from ``first`` on."""
        self.windows, self.seconds = 0, 0.0
        if first >= stream.fine_shape[0]:
            return
        predictor = LinePredictor(
            self.predict,
            self.how.crop_size or stream.shape,
            self.how.stride or stream.shape,
            self.how.blend,
            self.how.batch_size,
            self._seed,
        )
        refiner = LineRefiner(
            stream.factor,
            stream.shape,
            stream.fine_shape,
            self.layers.repeated,
            first,
        )
        begin = predictor.first_line(stream.shape[0], refiner.first_cell)
        known = KnownLines(first, stream.factor)
        blocks = prefetch(prepare_lines(stream, self.pipeline, begin))
        try:
            maps = predictor.run(
                known.pass_on(blocks), stream.shape, begin, stream.name
            )
            scores = self.layers.scores(maps)
            for values, seen in refiner.run(scores, begin):
                fields = known.take(values.shape[1])
                status = fields.pop('status')
                yield fields | self.layers.layers(values, seen, status)
        finally:
            blocks.close()
        self.windows, self.seconds = predictor.windows, predictor.seconds
