"""Models of timm as encoders: maps, channels, sizes, weights."""

import pytest
import timm
import torch
from mmengine.model import BaseModel
from safetensors.torch import save_file
from timm.layers import resample_abs_pos_embed

from mmseaice.errors import CheckpointError, LoadAuditError
from mmseaice.models.audit import AuditedInitMixin
from mmseaice.models.backbones import TIMMFeatures, adapt_stem
from mmseaice.models.backbones.stem import STEMS

#: Tiny twins of the families, by what timm calls them and their arguments.
SMALL_VIT = dict(embed_dim=32, depth=4, num_heads=2)
FAMILIES = {
    'DINOv2': ('vit_small_patch14_dinov2', SMALL_VIT, 14),
    'DINOv3': ('vit_small_patch16_dinov3', SMALL_VIT, 16),
    'CLIP': ('vit_base_patch16_clip_224', SMALL_VIT, 16),
    'SAM': (
        'samvit_base_patch16',
        dict(**SMALL_VIT, img_size=64, global_attn_indexes=(1, 3)),
        16,
    ),
    'ConvNeXt': (
        'convnext_tiny',
        dict(depths=(1, 1, 1, 1), dims=(8, 16, 32, 64)),
        None,
    ),
    'Swin': (
        'swin_tiny_patch4_window7_224',
        dict(embed_dim=8, depths=(1, 1, 2, 1), num_heads=(1, 2, 4, 8)),
        None,
    ),
    'ResNet': ('resnet18', {}, None),
}


def make(family, channels=2, **kwargs):
    name, arguments, _ = FAMILIES[family]
    return TIMMFeatures(name, channels, **{**arguments, **kwargs})


@pytest.mark.parametrize('family', FAMILIES)
def test_maps_are_what_necks_expect(family):
    encoder, patch = make(family).eval(), FAMILIES[family][2]
    height, width = (64, 64) if family == 'SAM' else (64, 96)
    if patch == 14:
        height, width = 56, 84
    with torch.no_grad():
        maps = encoder(torch.randn(2, 2, height, width))
    assert len(maps) == len(encoder.out_channels) == 4
    if patch:
        assert encoder.strides == [patch] * 4
        assert encoder.out_indices == [0, 1, 2, 3]
    else:
        assert encoder.strides == [4, 8, 16, 32]
    for found, channels, stride in zip(
        maps, encoder.out_channels, encoder.strides, strict=True
    ):
        assert found.shape == (2, channels, height // stride, width // stride)
        assert torch.isfinite(found).all()


def test_patches_that_do_not_divide_an_image_are_named():
    with pytest.raises(ValueError, match=r'multiples of 14.*size_divisor'):
        make('DINOv2').eval()(torch.randn(1, 2, 64, 30))


@pytest.mark.parametrize('family', ['DINOv2', 'ConvNeXt'])
def test_layers_come_in_the_order_asked_for(family):
    encoder = make(family, out_indices=[-1, 1]).eval()
    every = make(family).eval()
    every.load_state_dict(encoder.state_dict(), strict=False)
    image = torch.randn(1, 2, 56, 56)
    with torch.no_grad():
        chosen, maps = encoder(image), every(image)
    assert encoder.out_indices == [3, 1]
    for found, index in zip(chosen, (3, 1), strict=True):
        assert torch.equal(found, maps[index])
    assert encoder.out_channels == [found.shape[1] for found in chosen]
    with pytest.raises(ValueError, match=r'below 4.*\[4\]'):
        make(family, out_indices=[0, 4])


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('indices', [None, [0, 1]])
def test_every_parameter_has_a_gradient(family, indices):
    """Or ranks would wait for it."""
    encoder = make(family, out_indices=indices)
    size = 56 if family == 'DINOv2' else 64
    sum(
        found.sum() for found in encoder(torch.randn(2, 2, size, size))
    ).backward()
    without = [n for n, p in encoder.named_parameters() if p.grad is None]
    assert without == []


def test_depth_grows_from_pixels_to_the_last_layer():
    encoder = make('DINOv2')
    depth = {
        name: encoder.get_layer_depth(f'backbone.{name}', 'backbone.')[0]
        for name, _ in encoder.named_parameters()
    }
    assert (
        depth['body.patch_embed.proj.weight'] == depth['body.pos_embed'] == 0
    )
    assert depth['body.blocks.0.norm1.weight'] == 1
    assert depth['body.blocks.3.mlp.fc2.bias'] == 4
    assert depth['body.norm.weight'] == 5
    assert encoder.get_layer_depth('body.norm.weight')[1] == 6


class Model(AuditedInitMixin, BaseModel):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, inputs):
        return self.backbone(inputs)


@pytest.fixture
def published(tmp_path):
    """A file as timm publishes them: three channels, one size, a head."""

    def _published(family, **kwargs):
        name, arguments, _ = FAMILIES[family]
        torch.manual_seed(3)
        model = timm.create_model(name, **{**arguments, **kwargs})
        path = tmp_path / 'model.safetensors'
        save_file(model.state_dict(), path)
        return model, path

    return _published


@pytest.mark.parametrize('family', ['DINOv2', 'ConvNeXt', 'Swin', 'ResNet'])
def test_published_weights_arrive(family, published):
    theirs, path = published(family)
    source = dict(type='Pretrained', checkpoint=str(path))
    ours = Model(make(family, channels=3, init_cfg=source))
    ours.init_weights()
    size = 28 if family == 'DINOv2' else 64
    image = torch.randn(1, 3, size, size)
    any_size = {
        'DINOv2': dict(dynamic_img_size=True),
        'Swin': dict(strict_img_size=False),
    }.get(family)
    if any_size:
        name, arguments, _ = FAMILIES[family]
        theirs = timm.create_model(name, **any_size, **arguments)
        theirs.load_state_dict(timm.models.load_state_dict(str(path)))
    expected = theirs.eval().forward_intermediates(
        image, indices=4, norm=True, intermediates_only=True
    )
    for one, other in zip(ours.eval()(image), expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('stem', STEMS)
def test_channels_and_size_are_changed_on_the_way(stem, published):
    theirs, path = published('CLIP')
    source = dict(type='Pretrained', checkpoint=str(path))
    ours = make('CLIP', 2, img_size=64, stem=stem, init_cfg=source)
    Model(ours).init_weights()
    given = theirs.patch_embed.proj.weight
    taken = ours.body.patch_embed.proj.weight
    assert torch.equal(taken, adapt_stem(given, 2, stem))
    # 14 x 14 patches and a class token became 4 x 4 and one.
    resized = resample_abs_pos_embed(theirs.pos_embed, [4, 4])
    torch.testing.assert_close(ours.body.pos_embed, resized)


def test_our_own_weights_are_resized_and_keep_their_stem(tmp_path):
    trained = Model(make('CLIP', 2, stem='random'))
    path = tmp_path / 'ours.pth'
    torch.save({'state_dict': trained.state_dict()}, path)
    source = dict(type='Pretrained', checkpoint=str(path), prefix='backbone.')
    small = make('CLIP', 2, stem='random', img_size=64, init_cfg=source)
    Model(small).init_weights()
    before, after = trained.backbone.body, small.body
    assert torch.equal(
        after.patch_embed.proj.weight, before.patch_embed.proj.weight
    )
    resized = resample_abs_pos_embed(before.pos_embed, [4, 4])
    torch.testing.assert_close(after.pos_embed, resized)


@pytest.mark.parametrize('twice', [False, True])
def test_names_may_begin_otherwise_but_not_in_two_ways(twice, published):
    theirs, path = published('CLIP')
    weights = theirs.state_dict()
    file = {f'student.net.{k}': v for k, v in weights.items()}
    file['norm.weight'] = torch.full_like(weights['norm.weight'], 7)
    if twice:
        file |= {f'teacher.net.{k}': v + 1 for k, v in weights.items()}
    save_file({k: v.contiguous() for k, v in file.items()}, path)
    source = dict(type='Pretrained', checkpoint=str(path))
    ours = make('CLIP', 3, init_cfg=source)
    if twice:
        with pytest.raises(ValueError, match=r'student.* and .*teacher'):
            Model(ours).init_weights()
        return
    Model(ours).init_weights()
    for key in ('norm.weight', 'blocks.1.attn.qkv.weight', 'pos_embed'):
        assert torch.equal(ours.body.state_dict()[key], weights[key]), key


def test_what_was_trained_here_comes_back_as_it_is():
    ours = Model(make('CLIP', 2, stem='random'))
    again = Model(make('CLIP', 2, stem='random'))
    again.load_state_dict(ours.state_dict())
    for one, other in zip(ours.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_weights_of_another_model_are_refused(published):
    _, path = published('ConvNeXt')
    source = dict(type='Pretrained', checkpoint=str(path))
    with pytest.raises(LoadAuditError):
        Model(make('DINOv2', init_cfg=source)).init_weights()


def test_weights_below_another_name_are_told(published, tmp_path):
    theirs, _ = published('CLIP')
    path = tmp_path / 'theirs.pth'
    torch.save({'model': theirs.state_dict(), 'epoch': 3}, path)
    source = dict(type='Pretrained', checkpoint=str(path))
    with pytest.raises(CheckpointError, match="'model', 'epoch'"):
        Model(make('CLIP', init_cfg=source)).init_weights()


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match='vit_small_patch14_dinov2'):
        TIMMFeatures('vit_small_patch14_dino')
