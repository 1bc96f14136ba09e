"""Neighbours stay together, unless somebody wants it otherwise."""

from __future__ import annotations

import pytest

from mmseaice.scenes import find_leaks, read_published_split
from mmseaice.scenes.patches import split_patches

SCENES = {
    product.scene_id: product.attrs
    for product in read_published_split('train_dec2022')[:200]
}


@pytest.fixture
def patches(patch):
    """One to five patches of each scene."""
    return [
        patch(patch_id=f'{scene_id}_{i}', scene_id=scene_id, split='')
        for number, scene_id in enumerate(SCENES)
        for i in range(1 + number % 5)
    ]


def sides(patches):
    return {patch.patch_id: patch.split for patch in patches}


def scenes_of(patches, side):
    names = {patch.scene_id for patch in patches if patch.split == side}
    return {name: SCENES[name] for name in names}


def test_scenes_leak_nothing(patches):
    done = split_patches(patches, SCENES)
    train, val = scenes_of(done, 'train'), scenes_of(done, 'val')
    assert train.keys() | val.keys() == SCENES.keys()
    assert not find_leaks(train, val)
    assert abs(len(val) / len(SCENES) - 0.15) < 0.01


def test_patches_leak_and_have_their_share(patches):
    done = split_patches(patches, SCENES, by='patch')
    held = [patch for patch in done if patch.split == 'val']
    assert len(held) == round(0.15 * len(patches))
    assert find_leaks(scenes_of(done, 'train'), scenes_of(done, 'val'))
    assert split_patches(patches, {}, by='patch') == done


@pytest.mark.parametrize('by', ['scene', 'patch'])
def test_the_seed_decides_and_the_order_does_not(patches, by):
    found = sides(split_patches(patches, SCENES, by))
    backwards = dict(reversed(SCENES.items()))
    again = split_patches(patches[::-1], backwards, by)
    assert sides(again) == found
    assert sides(split_patches(patches, SCENES, by, seed=1)) != found


@pytest.mark.parametrize('by', ['scene', 'patch'])
def test_nothing_else_changes_and_0_holds_out_nothing(patches, by):
    done = split_patches(patches, SCENES, by, val_share=0)
    assert {patch.split for patch in done} == {'train'}
    done = split_patches(done, SCENES, by, val_share=0.9)
    for old, new in zip(patches, done, strict=True):
        assert (old.patch_id, old.window) == (new.patch_id, new.window)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ({'by': 'orbit'}, 'by must be one of scene, patch'),
        ({'val_share': 1}, 'val_share must be'),
        ({'val_share': -0.1}, 'val_share must be'),
    ],
)
def test_arguments_out_of_range(patches, arguments, said):
    with pytest.raises(ValueError, match=said):
        split_patches(patches, SCENES, **arguments)


@pytest.mark.parametrize(
    ('by', 'said'), [('scene', 'all scenes share'), ('patch', 'at least 2')]
)
def test_one_cannot_be_split(patch, by, said):
    name = next(iter(SCENES))
    with pytest.raises(ValueError, match=said):
        split_patches([patch(scene_id=name)], SCENES, by)
