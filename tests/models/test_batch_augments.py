import pytest
import torch
from mmpretrain.structures import DataSample

from mmseaice.models import CutMixScenes, SeaIceDataPreprocessor
from mmseaice.structures import SampleStack, SeaIceDataSample

N, SIZE = 5, (12, 16)


def make_batch():
    """Every pixel of image, charts and validity says whose it is."""
    owner = torch.arange(N)[:, None, None, None]
    inputs = owner.float().expand(N, 2, *SIZE).clone()
    samples = []
    for number in range(N):
        sample = SeaIceDataSample(metainfo=dict(img_shape=SIZE))
        for task in ('SIC', 'SOD'):
            sample.set_gt(task, torch.full(SIZE, number))
        sample.set_valid(torch.full(SIZE, number % 2 == 0))
        samples.append(sample)
    return inputs, samples


def test_a_box_brings_all_that_belongs_to_its_pixels():
    shares = []
    for seed in range(60):
        torch.manual_seed(seed)
        inputs, samples = make_batch()
        mixed = CutMixScenes(prob=1.0)(inputs, samples)
        owner = mixed[:, 0].long()
        assert torch.equal(mixed[:, 0], mixed[:, 1])
        for number, sample in enumerate(samples):
            for task in ('SIC', 'SOD'):
                assert torch.equal(sample.get_gt(task)[0], owner[number])
            assert torch.equal(sample.get_valid()[0], owner[number] % 2 == 0)
        changed = owner != torch.arange(N)[:, None, None]
        # Whoever gets something else gets it in the same box.
        boxes = changed[changed.flatten(1).any(1)]
        assert (boxes == boxes[:1]).all()
        if len(boxes):
            box = boxes[0]
            rows, columns = box.any(1), box.any(0)
            assert torch.equal(box, rows[:, None] & columns)
            for one in owner:
                assert len(one[box].unique()) == 1
            # Each image is used once.
            assert len(owner[:, box][:, 0].unique()) == N
            shares.append(box.float().mean().item())
    assert min(shares) < 0.1
    assert max(shares) > 0.6


def test_probability_and_seed_decide():
    inputs, samples = make_batch()
    assert CutMixScenes(prob=0.0)(inputs, samples) is inputs
    mix, found = CutMixScenes(prob=0.5), []
    for seed in range(100):
        torch.manual_seed(seed)
        one = mix(*make_batch())
        torch.manual_seed(seed)
        assert torch.equal(one, mix(*make_batch()))
        found.append(not torch.equal(one, inputs))
    assert 30 < sum(found) < 60


def test_alpha_narrows_the_shares():
    box = CutMixScenes(prob=1.0, alpha=1e6)._draw_box
    sides = {
        tuple(s.stop - s.start for s in box((400, 400))) for _ in range(20)
    }
    # Half of the image, but for what lies beyond its border.
    assert all(max(pair) <= int(400 * 0.5**0.5) + 1 for pair in sides)
    assert len(sides) > 1


def test_nothing_is_written_where_others_read():
    torch.manual_seed(0)
    inputs, samples = make_batch()
    maps = {
        key: torch.stack([s.get(key).data for s in samples])
        for key in samples[0].keys()  # noqa: SIM118 - no mapping
    }
    stack = SampleStack.of(maps, [s.metainfo for s in samples])
    before = {key: value.clone() for key, value in maps.items()}
    images = inputs.clone()
    preprocess = SeaIceDataPreprocessor(
        batch_augments=[dict(type='CutMixScenes', prob=1.0)]
    )
    data = dict(inputs=inputs, data_samples=stack)
    batch = preprocess(data, training=True)
    assert not torch.equal(batch['inputs'], images)
    assert torch.equal(inputs, images)
    assert all(torch.equal(maps[key], before[key]) for key in maps)
    assert not torch.equal(
        batch['data_samples'][0].get_gt('SIC'), before['gt_SIC'][0]
    ) or not torch.equal(batch['inputs'][1], images[1])


def test_only_training_is_mixed():
    preprocess = SeaIceDataPreprocessor(
        batch_augments=[dict(type='CutMixScenes', prob=1.0)]
    )
    inputs, samples = make_batch()
    batch = preprocess(dict(inputs=inputs, data_samples=samples))
    assert torch.equal(batch['inputs'], inputs)
    assert torch.equal(batch['data_samples'][3].get_gt('SIC')[0, 0, :1],
                       torch.tensor([3]))  # fmt: skip


def test_images_of_several_sizes_are_mixed_once_padded():
    torch.manual_seed(1)
    inputs, samples = make_batch()
    samples[0] = SeaIceDataSample(metainfo=dict(img_shape=(8, 8)))
    for task in ('SIC', 'SOD'):
        samples[0].set_gt(task, torch.zeros(8, 8, dtype=torch.uint8))
    samples[0].set_valid(torch.ones(8, 8, dtype=torch.bool))
    images = [inputs[0][:, :8, :8], *inputs[1:]]
    preprocess = SeaIceDataPreprocessor(
        batch_augments=[dict(type='CutMixScenes', prob=1.0)]
    )
    batch = preprocess(dict(inputs=images, data_samples=samples), True)
    for image, sample in zip(
        batch['inputs'], batch['data_samples'], strict=True
    ):
        padded = sample.get_gt('SIC')[0] == 255
        assert torch.equal(sample.get_gt('SIC')[0][~padded],
                           image[0][~padded].long())  # fmt: skip
        assert not sample.get_valid()[0][padded].any()


def test_images_alone_can_be_mixed():
    torch.manual_seed(0)
    inputs, _ = make_batch()
    assert not torch.equal(CutMixScenes(prob=1.0)(inputs), inputs)


def test_what_cannot_be_mixed_is_refused():
    inputs, samples = make_batch()
    samples[2].set_polygons(torch.ones(SIZE, dtype=torch.int32))
    with pytest.raises(ValueError, match='without polygons'):
        CutMixScenes(prob=0.0)(inputs, samples)
    with pytest.raises(ValueError, match='but got DataSample'):
        CutMixScenes()(inputs, [DataSample()] * N)
    inputs, samples = make_batch()
    del samples[1].gt_SOD
    with pytest.raises(ValueError, match='must have gt_SOD'):
        CutMixScenes()(inputs, samples)
    samples[1].set_gt('SOD', torch.zeros(24, 32))
    with pytest.raises(ValueError, match='must have gt_SOD'):
        CutMixScenes()(inputs, samples)


@pytest.mark.parametrize(
    ('wrong', 'said'),
    [(dict(prob=1.5), 'prob must be'), (dict(alpha=0), 'alpha must be')],
)
def test_bad_arguments_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        CutMixScenes(**wrong)
