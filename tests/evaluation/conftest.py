"""Drawn pixels of scenes that differ from each other, without a radar."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.evaluation.functional.pixel_sample import (
    PixelSample,
    SceneSample,
)
from mmseaice.evaluation.functional.temperature import softmax


def draw_scene(rng, number, pixels, too_sure, effect):
    """A scene whose logits are all off by the same random bias."""
    truth = {'SOD': rng.integers(0, 6, pixels)}
    logits = rng.normal(size=(6, pixels))
    logits += effect * rng.normal(size=(6, 1))
    logits[truth['SOD'], np.arange(pixels)] += 2
    truth['SIC'] = rng.choice(11, pixels, p=[0.4, *[0.2 / 9] * 9, 0.4])
    wide = np.where(truth['SIC'] % 10 == 0, 0.3, 1.2)
    value = truth['SIC'] + wide * rng.normal(size=pixels)
    value += effect * wide * rng.normal()
    scores = {'SOD': too_sure * logits, 'SIC': value.clip(0, 10)[None]}
    name = f'2018{number % 12 + 1:02d}01T{number:06d}_dmi'
    scene = SceneSample(name, groups={'service': ('dmi', 'cis')[number % 2]})
    for task in scores:
        scene.tasks[task] = sample = PixelSample(pixels, name=name)
        sample.update(scores[task], truth[task].astype(np.uint8))
    return scene


@pytest.fixture(scope='session')
def draw_scenes():
    """Scenes of SIC and SOD: number, seed, and how they differ."""

    def draw(count=40, seed=0, pixels=200, too_sure=2.0, effect=0.5):
        rng = np.random.default_rng(seed)
        return [
            draw_scene(rng, number, pixels, too_sure, effect)
            for number in range(count)
        ]

    return draw


@pytest.fixture
def honest():
    """Probabilities (5, n) and classes (n,) drawn from them."""
    rng = np.random.default_rng(3)
    probabilities = softmax(1.5 * rng.normal(size=(5, 4000)))
    sums = probabilities.cumsum(axis=0)
    truth = (rng.random(4000) > sums[:-1]).sum(axis=0)
    return probabilities, truth
