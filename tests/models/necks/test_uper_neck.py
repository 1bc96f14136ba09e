import pytest
import torch
from mmseg.models.decode_heads import UPerHead

from mmseaice.models import UPerNeck

PYRAMID = dict(
    in_channels=[8, 12, 16, 20],
    in_index=[0, 1, 2, 3],
    channels=8,
    pool_scales=(1, 2),
    norm_cfg=dict(type='GN', num_groups=2),
    align_corners=False,
)


@pytest.fixture
def maps():
    return [
        torch.randn(2, channels, 16 >> level, 16 >> level)
        for level, channels in enumerate(PYRAMID['in_channels'])
    ]


def test_it_is_the_head_without_its_last_layer(maps):
    neck = UPerNeck(**PYRAMID).eval()
    head = UPerHead(
        **PYRAMID,
        num_classes=5,
        loss_decode=dict(type='mmseg.CrossEntropyLoss'),
    ).eval()
    missing = head.load_state_dict(neck.state_dict(), strict=False)
    assert set(missing.missing_keys) == {'conv_seg.weight', 'conv_seg.bias'}
    assert not missing.unexpected_keys
    (fused,) = neck(maps)
    assert fused.shape == (2, 8, 16, 16)
    torch.testing.assert_close(head.conv_seg(fused), head(maps))


def test_every_parameter_learns(maps):
    """One that did not would stop training on several GPUs."""
    neck = UPerNeck(**PYRAMID)
    neck(maps)[0].square().sum().backward()
    assert all(p.grad is not None for p in neck.parameters())


def test_three_tasks_share_it_in_a_model(build, vit_cfg):
    head = dict(
        in_channels=8,
        in_index=0,
        channels=8,
        num_convs=0,
        concat_input=False,
        align_corners=False,
    )
    encoder = vit_cfg(out_indices=[0, 1, 2, 3])
    encoder['arch'] = dict(encoder['arch'], num_layers=4)
    model = build(
        dict(
            type='MultiTaskSegmentor',
            backbone=encoder,
            neck=[
                dict(
                    type='mmseg.Feature2Pyramid',
                    embed_dim=32,
                    rescales=[4, 2, 1, 0.5],
                    norm_cfg=dict(type='GN', num_groups=2),
                ),
                {**PYRAMID, 'type': 'UPerNeck', 'in_channels': [32] * 4},
            ],
            heads=dict(
                SIC=dict(type='RegressionFCNHead', **head),
                SOD=dict(
                    type='mmseg.FCNHead',
                    num_classes=6,
                    loss_decode=dict(type='ValidCrossEntropyLoss'),
                    **head,
                ),
            ),
        )
    )
    logits = model(torch.randn(2, 2, 32, 32))
    assert logits['SIC'].shape == (2, 1, 16, 16)
    assert logits['SOD'].shape == (2, 6, 16, 16)
    shared = sum(p.numel() for p in model.neck[1].parameters())
    own = sum(p.numel() for p in model.heads.parameters())
    assert own == 7 * (8 + 1) < shared
