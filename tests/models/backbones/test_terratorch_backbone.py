"""Encoders of TerraTorch, with random weights: maps, bands, units, files."""

import importlib.util
import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel

from mmseaice.errors import DependencyError, LoadAuditError
from mmseaice.models.audit import AuditedInitMixin
from mmseaice.models.backbones import TerraTorchBackbone
from mmseaice.models.backbones.terratorch_backbone import SAR_MAP

MEAN = dict(HH=-15.0, HV=-25.0)
STD = dict(HH=5.0, HV=4.0)

#: What the registry is asked for, strides of the maps.
FAMILIES = {
    'TerraMind': (
        dict(name='terramind_v1_tiny', modality='S1GRD'), [16] * 4
    ),
    'Prithvi': (dict(
            name='prithvi_eo_v2_tiny_tl', num_frames=1, bands=('VV', 'VH')
        ), [16] * 4),
    'DOFA': (
        dict(
            name='dofa_small_patch16_224', img_size=96, bands=('VV', 'VH')
        ), [16] * 4
    ),
    'SSL4EO': (
        dict(name='ssl4eos12_resnet50_sentinel1_all_moco'), [4, 8, 16, 32]
    ),
    'Satlas': (dict(name='satlas_swin_b_sentinel1_si'), [4, 8, 16, 32]),
}  # fmt: skip


def test_without_terratorch_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'terratorch', None)
    with pytest.raises(DependencyError, match=r'pip install .*terratorch'):
        TerraTorchBackbone('terramind_v1_tiny')


def test_a_channel_that_is_not_there_is_named():
    with pytest.raises(ValueError, match='channels of HH, HV, but got VV'):
        TerraTorchBackbone(
            'terramind_v1_tiny', channel_map={'VV': 'VV', 'VH': 'HV'}
        )


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (dict(name='dofa_base'), 'bands must be given for dofa_base'),
        (dict(name='terramind_v1_tiny', bands=['VH', 'VV']), 'must be VV, VH'),
        (
            dict(name='terramind_v1_tiny', channel_map={'VV': 'HH'}),
            'a channel for each of VV, VH',
        ),
    ],
)
def test_bands_are_never_guessed(arguments, words):
    with pytest.raises(ValueError, match=words):
        TerraTorchBackbone(**arguments)


class Model(AuditedInitMixin, BaseModel):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, inputs):
        return self.backbone(inputs)


@pytest.mark.extras
@pytest.mark.skipif(
    importlib.util.find_spec('terratorch') is None,
    reason='needs TerraTorch: pip install mmseaice[terratorch]',
)
class TestWithTerraTorch:
    @pytest.mark.parametrize('family', FAMILIES)
    def test_maps_are_what_necks_expect(self, family):
        arguments, strides = FAMILIES[family]
        encoder = TerraTorchBackbone(**arguments).eval()
        with torch.no_grad():
            maps = encoder(torch.randn(2, 2, 96, 96))
        assert [tuple(found.shape) for found in maps] == [
            (2, channels, 96 // stride, 96 // stride)
            for channels, stride in zip(
                encoder.out_channels, strides, strict=True
            )
        ]

    @pytest.mark.parametrize('family', FAMILIES)
    def test_every_parameter_has_a_gradient(self, family):
        """Or ranks would wait for it."""
        encoder = TerraTorchBackbone(**FAMILIES[family][0])
        maps = encoder(torch.randn(2, 2, 96, 96))
        sum(found.sum() for found in maps).backward()
        without = [
            name
            for name, part in encoder.named_parameters()
            if part.requires_grad and part.grad is None
        ]
        assert without == []

    @pytest.mark.parametrize('family', ['SSL4EO', 'Satlas', 'TerraMind'])
    def test_layers_come_in_the_order_asked_for(self, family):
        arguments, _ = FAMILIES[family]
        first = TerraTorchBackbone(**arguments).eval()
        chosen = [first.out_indices[i] for i in (3, 1)]
        other = TerraTorchBackbone(**arguments, out_indices=chosen).eval()
        other.load_state_dict(first.state_dict())
        image = torch.randn(1, 2, 96, 96)
        with torch.no_grad():
            every, some = first(image), other(image)
        assert other.out_indices == chosen
        for one, place in zip(some, (3, 1), strict=True):
            torch.testing.assert_close(one, every[place])

    @pytest.mark.parametrize('family', ['TerraMind', 'Satlas'])
    def test_a_config_written_out_means_the_same(self, family, tmp_path):
        """mmengine sorts the keys of a mapping."""
        arguments, _ = FAMILIES[family]
        cfg = Config(dict(model=dict(**arguments, channel_map=SAR_MAP)))
        cfg.dump(tmp_path / 'config.py')
        again = Config.fromfile(tmp_path / 'config.py')
        first = TerraTorchBackbone(**cfg.model)
        other = TerraTorchBackbone(**again.model)
        expected = {'TerraMind': [0, 1], 'Satlas': [1, 0]}[family]
        assert first._order == other._order == expected

    def test_channels_stand_for_bands_in_the_units_of_these(self):
        normalised = torch.randn(1, 3, 64, 64)
        scaled = TerraTorchBackbone(
            'terramind_v1_tiny',
            channels=('HV', 'incidence_angle', 'HH'),
            modality='S1GRD',
            mean=MEAN,
            std=STD,
        ).eval()
        with torch.no_grad():
            found = scaled(normalised)
        decibels = torch.stack(
            [normalised[:, 2] * 5 - 15, normalised[:, 0] * 4 - 25], dim=1
        )
        centre = torch.tensor([-12.599, -20.293])[:, None, None]
        spread = torch.tensor([5.195, 5.890])[:, None, None]
        with torch.no_grad():
            theirs = scaled.body({'S1GRD': (decibels - centre) / spread})
        for index, one in zip(scaled.out_indices, found, strict=True):
            other = theirs[index].transpose(1, 2).reshape(one.shape)
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)

    def test_a_published_file_arrives(self, tmp_path):
        """By the encoder's own names, beside a decoder."""
        theirs = TerraTorchBackbone('terramind_v1_tiny', modality='S1GRD')
        weights = theirs.body.state_dict()
        weights = {key: torch.randn_like(v) for key, v in weights.items()}
        path = tmp_path / 'TerraMind_v1_tiny.pt'
        torch.save({**weights, 'decoder.norm.weight': torch.ones(3)}, path)
        source = dict(type='Pretrained', checkpoint=str(path))
        ours = TerraTorchBackbone(
            'terramind_v1_tiny', modality='S1GRD', init_cfg=source
        )
        Model(ours).init_weights()
        for key, value in ours.body.state_dict().items():
            assert torch.equal(value, weights[key]), key

    def test_a_file_of_more_bands_and_a_decoder_arrives(self, tmp_path):
        """Below a name of its own, for six bands, beside a decoder."""
        six = [f'band {n}' for n in range(6)]
        theirs = TerraTorchBackbone(
            'prithvi_eo_v2_tiny_tl',
            channels=six,
            channel_map={name: name for name in six},
            bands=six,
            num_frames=1,
        ).body
        weights = {
            f'encoder.{key}': torch.randn_like(value)
            for key, value in theirs.state_dict().items()
        }
        weights['decoder.norm.weight'] = torch.ones(3)
        path = tmp_path / 'Prithvi.pt'
        torch.save(weights, path)
        source = dict(type='Pretrained', checkpoint=str(path))
        ours = TerraTorchBackbone(
            'prithvi_eo_v2_tiny_tl',
            num_frames=1,
            bands=('VV', 'VH'),
            init_cfg=source,
        )
        Model(ours).init_weights()
        given = weights['encoder.patch_embed.proj.weight']
        taken = ours.body.state_dict()['patch_embed.proj.weight']
        assert torch.allclose(taken.sum(1), given.sum(1), atol=1e-5)

    def test_a_file_of_another_encoder_is_refused(self, tmp_path):
        path = tmp_path / 'other.pt'
        torch.save({'stem.weight': torch.ones(3, 3)}, path)
        source = dict(type='Pretrained', checkpoint=str(path))
        ours = TerraTorchBackbone(
            'terramind_v1_tiny', modality='S1GRD', init_cfg=source
        )
        with pytest.raises(LoadAuditError):
            Model(ours).init_weights()

    def test_an_unknown_name_gets_the_nearest(self):
        with pytest.raises(ValueError, match='terramind_v1_tiny'):
            TerraTorchBackbone('terramind_v1_tiney')
