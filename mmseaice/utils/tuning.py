"""One argument for how an encoder is tuned: structure and schedule.

``tuning=lora`` on a command line, or an entry of a config, becomes what the
model does (``model.tuning``) and settings of the optimiser that suit it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import MMSeaIceError
from .schedules import stretch_schedulers

if TYPE_CHECKING:
    from mmengine.config import Config

#: Class of a linear head for each kind, as configs call it.
_REGRESSION, _CLASSIFICATION = 'RegressionFCNHead', 'mmseg.FCNHead'

#: Settings of a head that say what it predicts, and not how.
_KEPT = (
    *('num_classes', 'out_channels', 'threshold'),
    *('value_range', 'loss_decode'),
)


@dataclass(frozen=True)
class Tuning:
    """What a way to tune changes about a recipe.

    Args:
        mode: What the model is told.
        rate: Factor of the learning rate.
        length: Factor of the number of steps or epochs.
        adapter_rate: Factor of the rate of adapters, beside ``rate``.
        linear: Whether heads become linear.
    """

    mode: str
    rate: float = 1.0
    length: float = 1.0
    adapter_rate: float = 1.0
    linear: bool = False


#: What ``tuning`` may be. A frozen encoder needs no small steps, and three
#: fifths of them (30 epochs beside 50, as is usual). Adapters learn best at
#: ten times the rate of full tuning (Biderman et al. 2024, arXiv:2405.09673).
TUNINGS: dict[str, Tuning] = {
    'full': Tuning('full'),
    'partial': Tuning('partial'),
    'lora': Tuning('lora', adapter_rate=10.0),
    'probe': Tuning('probe', rate=3.0, length=0.6),
    'linear': Tuning('probe', rate=10.0, length=0.6, linear=True),
}


def apply_tuning(cfg: Config, given: Collection[str] = ()) -> None:
    """Turn the entry ``tuning`` of a config into what it means, in place.

    Args:
        cfg: Config of a run. ``tuning`` is one of :data:`TUNINGS`, or a dict
            with that as ``mode`` and arguments of the model's ``tuning``.
            Nothing happens without.
        given: Entries that were set by hand, such as
            ``'optim_wrapper.optimizer.lr'``, which stay as they are.

    Raises:
        MMSeaIceError: If there is no such way, or it does not suit the
            model.
    """
    entry = cfg.pop('tuning', None)
    if entry is None:
        return
    args = dict(entry) if isinstance(entry, Mapping) else dict(mode=entry)
    name = args.pop('mode', None)
    if name not in TUNINGS:
        raise MMSeaIceError(
            'tuning', f'one of {", ".join(TUNINGS)}', repr(name)
        )
    tuning = TUNINGS[name]
    cfg.model.tuning = dict(mode=tuning.mode, **args)
    if tuning.linear and 'heads' in cfg.model:
        _make_linear(cfg.model)
    _set_rates(cfg, tuning, given)
    _set_length(cfg, tuning.length, given)


def _set_rates(cfg: Config, tuning: Tuning, given: Collection[str]) -> None:
    optimizer = cfg.optim_wrapper.optimizer
    if 'optim_wrapper.optimizer.lr' not in given:
        optimizer.lr *= tuning.rate
    if tuning.mode == 'lora':
        wrapper = cfg.optim_wrapper
        wrapper.setdefault('paramwise_cfg', {})
        keys = wrapper.paramwise_cfg.setdefault('custom_keys', {})
        keys['lora_'] = dict(lr_mult=tuning.adapter_rate)


def _set_length(cfg: Config, factor: float, given: Collection[str]) -> None:
    key = 'max_epochs' if 'max_epochs' in cfg.train_cfg else 'max_iters'
    if factor == 1 or f'train_cfg.{key}' in given:
        return
    cfg.train_cfg[key] = max(round(cfg.train_cfg[key] * factor), 1)
    stretch_schedulers(cfg.get('param_scheduler') or [], factor)


def _make_linear(model: dict[str, Any]) -> None:
    """Let each head be one linear map of the encoder's last features.

    Raises:
        MMSeaIceError: If the width of these is not told.
    """
    width = _last_width(model)
    model['neck'] = None
    for task, head in model['heads'].items():
        if head is None:
            continue
        regression = head['type'].startswith('Regression')
        kept = {key: head[key] for key in _KEPT if key in head}
        model['heads'][task] = dict(
            type=_REGRESSION if regression else _CLASSIFICATION,
            in_channels=width,
            in_index=-1,
            channels=width,
            num_convs=0,
            concat_input=False,
            dropout_ratio=0.0,
            align_corners=False,
            **kept,
        )


def _last_width(model: Mapping[str, Any]) -> int:
    """Channels of the encoder's last features, from what takes them."""
    neck = model.get('neck')
    takers = [neck] if isinstance(neck, Mapping) else list(neck or ())
    takers += [head for head in model['heads'].values() if head is not None]
    taker = takers[0]
    width = taker.get('embed_dim', taker.get('in_channels'))
    if isinstance(width, (list, tuple)):
        width = width[-1]
    if not isinstance(width, int):
        raise MMSeaIceError(
            'tuning=linear',
            'a neck or head that says the channels it takes '
            '(embed_dim or in_channels)',
            f'{taker["type"]} without',
        )
    return width
