"""Encoders of TerraTorch: TerraMind, Prithvi, DOFA, Clay and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn

from ...errors import DependencyError
from ...registry import MODELS
from .foreign import (
    ForeignEncoder,
    checked_indices,
    spread_indices,
    tokens_to_map,
)

#: Mean and standard deviation of what an encoder was trained on, by the
#: beginning of its name and by band. TerraMind: dB, as in
#: terratorch.models.backbones.terramind (v1_pretraining_mean and _std).
UNITS: dict[str, dict[str, tuple[float, float]]] = {
    'terramind_v1': {'VV': (-12.599, 5.195), 'VH': (-20.293, 5.890)},
}

#: Bands that encoders were trained on, in their order, by what their names
#: begin with. TerraTorch: terramind_register.py; torchgeo: swin.py, resnet.py.
BANDS: dict[str, tuple[str, ...]] = {
    'terramind': ('VV', 'VH'),
    'ssl4eos12_resnet50_sentinel1': ('VV', 'VH'),
    'satlas_swin_b_sentinel1': ('VH', 'VV'),
}

#: Parts that give no feature map, in which ranks would wait for gradients.
_NO_MAP = re.compile(
    r'(?:^|\.)(?:head|fc|fc_norm)\.|(?:temporal|location)_embed_enc\.scale'
)

#: HH in place of VV and HV in place of VH: like for like, and cross for cross.
SAR_MAP = {'VV': 'HH', 'VH': 'HV'}


@MODELS.register_module()
class TerraTorchBackbone(ForeignEncoder):
    """Feature maps of an encoder in TerraTorch's registry.

    Its stem knows bands, Sentinel-1's VV and VH for the radar encoders, and
    our scenes have HH and HV: which channel stands for which band is said
    here, and the order of the bands is that of the encoder, whatever the
    order in a config. Where the units are known in which it was trained,
    channels are scaled to them, each polarisation by itself.

    Args:
        name: Name in the registry, such as ``'terramind_v1_base'``.
        channels: Names of the image's channels, in their order.
        channel_map: Channel for each band; :data:`SAR_MAP` by default.
        bands: Names of the bands in the order of the encoder. Those of
            :data:`BANDS` need not be told.
        modality: By which a multi-modal encoder knows these bands, such as
            ``'S1GRD'``; None for one that takes plain images.
        mean: Of each channel, as the pipeline normalises it. With ``std``,
            images are brought to the units of :data:`UNITS`; without, they
            go to the encoder as they are.
        std: Likewise.
        out_indices: Numbers of the layers whose output is given, from 0;
            four of them by default.
        stem: How weights for other channels are taken over, ``average``,
            ``repeat`` or ``random``.
        init_cfg: Where the weights are, a file or
            ``hf://ibm-esa-geospatial/TerraMind-1.0-base/TerraMind_v1_base.pt``;
            random ones without.
        **kwargs: Further arguments of the encoder, such as ``img_size``.

    Raises:
        DependencyError: If TerraTorch is not installed.
        ValueError: If there is no such encoder or channel.
    """

    def __init__(
        self,
        name: str,
        channels: Sequence[str] = ('HH', 'HV'),
        channel_map: Mapping[str, str] | None = None,
        bands: Sequence[str] | None = None,
        modality: str | None = None,
        mean: Mapping[str, float] | None = None,
        std: Mapping[str, float] | None = None,
        out_indices: Sequence[int] | None = None,
        stem: str = 'average',
        init_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        channel_map = dict(channel_map or SAR_MAP)
        if unknown := set(channel_map.values()) - set(channels):
            raise ValueError(
                f'channel_map must name channels of {", ".join(channels)}, '
                f'but got {", ".join(sorted(unknown))}.'
            )
        bands = _ordered(name, bands, channel_map)
        if modality is not None:
            kwargs['modalities'] = [modality]
        body = _build(name, bands, kwargs)
        taken = None
        if len(body.out_channels) == 1:
            # Those of torchgeo give their last map unless they are told.
            taken = list(
                _taps(name, body) if out_indices is None else out_indices
            )
            kwargs['out_indices'] = sorted(set(taken))
            body = _build(name, bands, kwargs)
        stem_layer = _first_layer(body)
        if (
            stem == 'random'
            and body.state_dict()[f'{stem_layer}.weight'].ndim < 4
        ):
            raise ValueError(
                f'stem must not be random for {name}, whose first layer is '
                'no convolution.'
            )
        super().__init__(body, stem_layer, stem, init_cfg)
        self.modality = modality
        depth = len(body.out_channels)
        if taken is None:
            taken = checked_indices(out_indices, depth, spread_indices(depth))
            self._places = taken
        else:
            self._places = [sorted(set(taken)).index(i) for i in taken]
        self.out_indices = taken
        self.out_channels = [body.out_channels[i] for i in self._places]
        self._order = [
            list(channels).index(channel_map[band]) for band in bands
        ]
        factors = _factors(name, bands, channel_map, mean, std)
        self.register_buffer('_factor', factors[0], persistent=False)
        self.register_buffer('_offset', factors[1], persistent=False)
        for key, part in body.named_parameters():
            # Swin's last norm comes after its last map.
            if _NO_MAP.search(key) or ('swin' in name and '.norm.' in key):
                part.requires_grad_('layers' in key or 'features' in key)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Feature maps, (N, C', H / patch, W / patch) each.

        Args:
            images: (N, C, H, W), normalised as the pipeline does, of a size
                that the patches divide.
        """
        size = images.shape[-2:]
        images = images[:, self._order] * self._factor + self._offset
        given = images if self.modality is None else {self.modality: images}
        outputs = self.body(given)
        maps = []
        for index, channels in zip(
            self._places, self.out_channels, strict=True
        ):
            output = outputs[index]
            if output.ndim == 3:
                output = tokens_to_map(output, size)
            elif output.shape[1] != channels:
                # Some transformers leave channels last.
                output = output.permute(0, 3, 1, 2)
            maps.append(output.contiguous())
        return tuple(maps)


def _ordered(
    name: str, bands: Sequence[str] | None, channel_map: Mapping[str, str]
) -> list[str]:
    """The bands of an encoder, in its order.

    Raises:
        ValueError: If it is not known, or has bands without a channel.
    """
    known = next((b for key, b in BANDS.items() if name.startswith(key)), None)
    wanted = known or bands
    if wanted is None:
        raise ValueError(
            f'bands must be given for {name}, as their order is not known '
            'here.'
        )
    if bands is not None and list(bands) != list(wanted):
        raise ValueError(
            f'bands of {name} must be {", ".join(wanted)}, but got '
            f'{", ".join(bands)}.'
        )
    if set(wanted) != set(channel_map):
        raise ValueError(
            f'channel_map must name a channel for each of {", ".join(wanted)},'
            f' but got {", ".join(channel_map)}.'
        )
    return list(wanted)


def _build(name: str, bands: list[str], kwargs: dict[str, Any]) -> nn.Module:
    """Build an encoder of the registry with random weights."""
    try:
        # Takes seconds, and is no requirement of ours.
        from terratorch.registry import BACKBONE_REGISTRY
    except ImportError as error:
        raise DependencyError(
            f'TerraTorchBackbone needs TerraTorch ({error}). '
            "Mend it with: pip install 'mmseaice[terratorch]'"
        ) from error
    names = [str(known) for known in BACKBONE_REGISTRY]
    # Each has the name of its library in front as well.
    names += [known.partition('_')[2] for known in names]
    if name not in names:
        near = get_close_matches(name, names, 3, 0.5)
        raise ValueError(
            f'name must be that of an encoder of TerraTorch, but got {name!r}.'
            f' Near it: {", ".join(near) or "nothing"}.'
        )
    # Prithvi and Clay say bands, others model_bands; TerraMind knows those of
    # a modality, and must not be given them again.
    ways = [{}] if 'modalities' in kwargs else [
        {'model_bands': bands}, {'bands': bands}
    ]  # fmt: skip
    for number, way in enumerate(ways, 1):
        try:
            return BACKBONE_REGISTRY.build(
                name, pretrained=False, **way, **kwargs
            )
        except TypeError:
            if number == len(ways):
                raise
    raise AssertionError('the last way builds or raises')


def _taps(name: str, body: nn.Module) -> list[int]:
    """Numbers of four layers of an encoder of torchgeo."""
    if 'resnet' in name:
        # Behind its stem.
        return [1, 2, 3, 4]
    if 'swin' in name:
        # Between them, maps are made smaller.
        return [1, 3, 5, 7]
    blocks = [m for key, m in body.named_modules() if key.endswith('.blocks')]
    return spread_indices(len(blocks[0]))


def _first_layer(body: nn.Module) -> str:
    """Name of the layer that meets the pixels."""
    weights = {
        k: v for k, v in body.state_dict().items() if k[-7:] == '.weight'
    }
    # A convolution, or what embeds patches otherwise.
    found = [key for key, value in weights.items() if value.ndim > 3]
    found += [key for key in weights if 'embed' in key]
    return found[0].removesuffix('.weight')


def _factors(
    name: str,
    bands: Sequence[str],
    channel_map: Mapping[str, str],
    mean: Mapping[str, float] | None,
    std: Mapping[str, float] | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What brings each band to the units of an encoder, (C, 1, 1) each."""
    known = next(
        (units for start, units in UNITS.items() if name.startswith(start)), {}
    )
    factors, offsets = [], []
    for band in bands:
        channel = channel_map[band]
        if mean is None or std is None or band not in known:
            factors.append(1.0)
            offsets.append(0.0)
            continue
        centre, spread = known[band]
        factors.append(std[channel] / spread)
        offsets.append((mean[channel] - centre) / spread)
    return tuple(
        torch.tensor(values)[:, None, None] for values in (factors, offsets)
    )
