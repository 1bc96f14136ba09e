"""Whole models on two ranks as on one, to the last parameter."""

import itertools

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from mmseaice.engine.ranks import CPUDistributedDataParallel
from mmseaice.registry import MODELS
from mmseaice.structures import SeaIceDataSample
from mmseaice.testing import config_root, shrink_model

#: Samples of each rank: the last batch of an epoch may be uneven.
SHARES = (slice(0, 2), slice(2, 3))
SIZE = 64
TOLERANCES = dict(float32=1e-5, float64=1e-10)
CLASSES = dict(SIC=11, SOD=6, FLOE=7)
POLYGONS = (
    'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE',
    '1;80;50;87;03;30;83;05;-9;-9;-9;-9;-9;-9-9;I',
    '2;92;-9;95;06;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;I',
    '3;01;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;W',
)

EVERY_LOSS = {
    'model.task_losses': dict(
        water=dict(type='WaterConsistencyLoss'),
        polygon=dict(type='PolygonLoss', min_pixels=8),
    )
}
RECIPES = {
    'autoencoder': ('pretraining/mae_vit-tiny-p8_500i_simulated.py', {}),
    'of gradients': (
        'pretraining/mae_vit-tiny-p8_500i_simulated.py',
        {'model.target': dict(type='GradientTarget')},
    ),
    'transformer': (
        'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py',
        EVERY_LOSS,
    ),
    'U-Net': ('downstream/multitask_unet-tiny_600i_simulated.py', EVERY_LOSS),
}


class GivenMasking(nn.Module):
    """Hides the patches it is told to."""

    def __init__(self, order):
        super().__init__()
        self.order = order

    def hide_channels(self, images):
        return images, None

    def forward(self, num, device, seen=None):
        assert len(self.order) == num
        return self.order


def make_model(cfg, precision, share):
    with DefaultScope.overwrite_default_scope('mmseaice'):
        torch.manual_seed(0)
        model = MODELS.build(Config(cfg))
        model.init_weights()
    model.train()
    for part in model.modules():
        assert not isinstance(part, nn.modules.batchnorm._BatchNorm)
        if isinstance(part, (nn.Dropout, nn.Dropout2d)):
            part.eval()
    if hasattr(model.backbone, 'masking'):
        generator = torch.Generator().manual_seed(1)
        scores = torch.rand(3, model.backbone.num_patches, generator=generator)
        model.backbone.masking = GivenMasking(scores.argsort(1)[share])
    return model.to(precision)


def make_batch(precision, share):
    """Three crops, or a share of them; the last has few labels."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(3, 3, SIZE, SIZE, generator=generator)

    def draw(high):
        return torch.randint(high, (SIZE, SIZE), generator=generator)

    samples = []
    for number in range(3):
        sample = SeaIceDataSample(metainfo=dict(polygon_codes=POLYGONS))
        sample.set_valid(draw(4) > number)
        sample.set_polygons(draw(4).int())
        for task, count in CLASSES.items():
            missing = draw(6) > 4 - number
            sample.set_gt(task, torch.where(missing, 255, draw(count)))
        samples.append(sample)
    return images[share].to(precision), samples[share]


def all_gradients(rank, inputs):
    return [gradients(rank, *each) for each in inputs]


def gradients(rank, cfg, precision):
    """Slope of every parameter; of ranks the mean, as DDP makes it."""
    share = slice(0, 3) if rank is None else SHARES[rank]
    model = make_model(cfg, getattr(torch, precision), share)
    images, samples = make_batch(getattr(torch, precision), share)
    wrapped = model if rank is None else CPUDistributedDataParallel(model)
    losses = wrapped(images, samples, mode='loss')
    model.parse_losses(losses)[0].backward()
    return {
        name: part.grad
        for name, part in model.named_parameters()
        if part.requires_grad
    }


def test_two_uneven_ranks_have_the_gradients_of_one(two_ranks):
    inputs = []
    for path, options in RECIPES.values():
        recipe = Config.fromfile(config_root() / path)
        recipe.merge_from_dict(options)
        model = shrink_model(recipe.model, SIZE).to_dict()
        inputs += [(model, precision) for precision in TOLERANCES]
    names = list(itertools.product(RECIPES, TOLERANCES))
    expected = all_gradients(None, inputs)
    for found in two_ranks(__file__, 'all_gradients', inputs):
        cases = zip(names, found, expected, strict=True)
        for (name, precision), ours, theirs in cases:
            assert ours.keys() == theirs.keys()
            for key, slope in theirs.items():
                error = (ours[key] - slope).abs().max()
                limit = TOLERANCES[precision] * slope.abs().max()
                assert limit > 0, (name, key)
                assert error <= limit, (name, precision, key)
