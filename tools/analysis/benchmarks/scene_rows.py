"""One model over one image, by us or by mmseg, for ``scene_inference.py``."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS as MMSEG_MODELS

from mmseaice.apis.line_predictor import LinePredictor, Lines, prefetch
from mmseaice.apis.window_predictor import WindowPredictor
from mmseaice.models.utils import window_starts
from mmseaice.registry import MODELS as OUR_MODELS
from mmseaice.testing import config_root

#: Recipe of each model; one head, SOD, so that mmseg can have it too.
MODELS = {
    'small': 'multitask_unet-tiny_600i_simulated',
    'vit': 'multitask_vit-base-upernet_30ki_ai4arctic',
}
WINDOW = 384
#: Windows in one pass: on a CPU one at a time stays in its cache.
BATCH = {'cpu': 1, 'cuda': 16}
#: Lines of the image that are read at a time.
BLOCK = 64


@dataclass(frozen=True)
class Case:
    """A model on an image.

    Args:
        model: Name of :data:`MODELS`.
        height: Lines of the image.
        width: Samples of the image.
        stride: Step between windows.
        ways: Who takes part.
    """

    model: str
    height: int
    width: int
    stride: int
    ways: tuple[str, ...] = ('ours', 'mmseg')

    @property
    def name(self) -> str:
        """What tables call it."""
        return f'{self.model}, {self.height} x {self.width}, {self.stride}'


def model_config(name: str) -> dict:
    """Our model with one head, without weights from anywhere."""
    path = config_root() / 'downstream' / f'{MODELS[name]}.py'
    model = Config.fromfile(path).model.to_dict()
    model['heads'] = {'SOD': model['heads']['SOD']}
    model['task_losses'] = model['task_weights'] = None
    model['backbone'].pop('init_cfg', None)
    model['test_cfg'] = dict(mode='whole')
    return model


def channels_of(cfg: dict) -> int:
    """Channels that a model takes."""
    backbone = cfg['backbone']
    return backbone.get('in_channels') or backbone['patch_cfg']['in_channels']


def build_ours(cfg: dict, device: str) -> BaseModel:
    """The model with weights from a seed."""
    init_default_scope('mmseaice')
    torch.manual_seed(0)
    return OUR_MODELS.build(copy.deepcopy(cfg)).to(device).eval()


def build_mmseg(cfg: dict, device: str, stride: int) -> BaseModel:
    """The segmentor of mmseg with the same parts and weights."""
    ours = build_ours(cfg, device)
    cfg = copy.deepcopy(cfg)
    head = cfg['heads']['SOD']
    head['loss_decode'] = dict(type='mmseg.CrossEntropyLoss')
    model = MMSEG_MODELS.build(
        dict(
            type='mmseg.EncoderDecoder',
            backbone=cfg['backbone'],
            neck=cfg.get('neck'),
            decode_head=head,
            test_cfg=ConfigDict(
                mode='slide',
                crop_size=(WINDOW, WINDOW),
                stride=(stride, stride),
            ),
        )
    )
    weights = {
        name.replace('heads.SOD', 'decode_head'): value
        for name, value in ours.state_dict().items()
    }
    model.load_state_dict(weights)
    return model.to(device).eval()


def write_image(path: Path, case: Case, channels: int) -> None:
    """Random numbers, line by line: (lines, channels, samples)."""
    rng = np.random.default_rng(0)
    with open(path, 'wb') as file:
        for start in range(0, case.height, BLOCK):
            count = min(BLOCK, case.height - start)
            shape = (count, channels, case.width)
            file.write(rng.standard_normal(shape, np.float32).data)


def read_lines(path: Path, case: Case, channels: int) -> Iterator[Lines]:
    """The image in blocks of lines, as scenes are read."""
    with open(path, 'rb') as file:
        for start in range(0, case.height, BLOCK):
            count = min(BLOCK, case.height - start)
            values = np.fromfile(
                file, np.float32, count * channels * case.width
            ).reshape(count, channels, case.width)
            seen = np.ones((count, case.width), bool)
            yield Lines(values.transpose(1, 0, 2), seen, seen)


def run_ours(
    case: Case, cfg: dict, image: Path, out: Path, device: str
) -> Callable[[], dict]:
    """Lines in, windows, lines out."""
    model = build_ours(cfg, device)
    predictor = LinePredictor(
        WindowPredictor([model]),
        (WINDOW, WINDOW),
        (case.stride, case.stride),
        batch_size=BATCH[device],
    )
    shape = (case.height, case.width)

    def run() -> dict:
        lines = prefetch(read_lines(image, case, channels_of(cfg)))
        with open(out, 'wb') as file:
            for maps, _ in predictor.run(lines, shape):
                classes = maps.argmax(0).byte().cpu().numpy()
                file.write(classes.data)
        return {
            'windows': predictor.windows,
            'model_seconds': predictor.seconds,
        }

    return run


def run_mmseg(
    case: Case, cfg: dict, image: Path, out: Path, device: str
) -> Callable[[], dict]:
    """The image in memory, mmseg's own loop, classes to a file."""
    model = build_mmseg(cfg, device, case.stride)
    channels = channels_of(cfg)

    def run() -> dict:
        values = np.fromfile(image, np.float32)
        values = values.reshape(case.height, channels, case.width)
        values = np.ascontiguousarray(values.transpose(1, 0, 2))
        inputs = torch.from_numpy(values)[None].to(device)
        with torch.inference_mode():
            logits = model.slide_inference(inputs, [{}])
            classes = logits[0].argmax(0).byte().cpu().numpy()
        classes.tofile(out)
        return {}

    return run


RUNS = {'ours': run_ours, 'mmseg': run_mmseg}


def memory_mb(field: str) -> float:
    """Resident memory of this process, now (VmRSS) or at most (VmHWM)."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float('nan')


def measure(case: Case, way: str, device: str) -> dict:
    """Seconds and memory of one way, in this process."""
    cfg = model_config(case.model)
    with TemporaryDirectory() as folder:
        image = Path(folder) / 'image'
        write_image(image, case, channels_of(cfg))
        run = RUNS[way](case, cfg, image, Path(folder) / 'classes', device)
        warm_up(cfg, device)
        before = memory_mb('VmRSS')
        # Forget what building the model took.
        Path('/proc/self/clear_refs').write_text('5')
        if device == 'cuda':
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        found = run()
        seconds = time.perf_counter() - began
        peak = memory_mb('VmHWM') - before
        if device == 'cuda':
            found['gpu_mb'] = torch.cuda.max_memory_allocated() / 2**20
    windows = count_windows(case)
    return {
        'windows': windows,
        'seconds': seconds,
        'windows_per_s': windows / seconds,
        'memory_mb': peak,
        **found,
    }


def warm_up(cfg: dict, device: str) -> None:
    """Let libraries load what the first window needs."""
    model = build_ours(cfg, device)
    with torch.inference_mode():
        model.whole_logits(
            torch.zeros(1, channels_of(cfg), WINDOW, WINDOW, device=device)
        )


def count_windows(case: Case) -> int:
    """Windows of an image."""
    height, width = (max(n, WINDOW) for n in (case.height, case.width))
    rows = window_starts(height, WINDOW, case.stride)
    return len(rows) * len(window_starts(width, WINDOW, case.stride))


def compare_logits(name: str, device: str) -> float:
    """Largest difference of our logits from mmseg's, on a small image."""
    case = Case(name, 700, 650, 192)
    cfg = model_config(name)
    with TemporaryDirectory() as folder:
        image = Path(folder) / 'image'
        write_image(image, case, channels_of(cfg))
        predictor = LinePredictor(
            WindowPredictor([build_ours(cfg, device)]),
            (WINDOW, WINDOW),
            (case.stride, case.stride),
            batch_size=BATCH[device],
        )
        lines = read_lines(image, case, channels_of(cfg))
        shape = (case.height, case.width)
        ours = torch.cat([m for m, _ in predictor.run(lines, shape)], dim=1)
        whole = np.concatenate(
            [part.image for part in read_lines(image, case, channels_of(cfg))],
            axis=1,
        )
    stock = build_mmseg(cfg, device, case.stride)
    with torch.inference_mode():
        inputs = torch.from_numpy(whole)[None].to(device)
        theirs = stock.slide_inference(inputs, [{}])[0]
    return float((ours - theirs).abs().max())
