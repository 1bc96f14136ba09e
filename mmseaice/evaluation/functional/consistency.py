"""Counts of predictions that no ice can be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmseaice.charts import IGNORE

#: What a check counts: task that says water, task that says ice.
CHECKS = {
    'water_with_stage': ('SIC', 'SOD'),
    'water_with_floe': ('SIC', 'FLOE'),
    'ice_without_stage': ('SOD', 'SIC'),
    'ice_without_floe': ('FLOE', 'SIC'),
    'floe_without_stage': ('SOD', 'FLOE'),
    'stage_without_floe': ('FLOE', 'SOD'),
}


class ConsistencySums:
    """Counts of pixels where tasks disagree on open water.

    Class 0 is open water in every task. Each of :data:`CHECKS` counts the
    pixels where one task says water and another says ice: a concentration
    of 0 with a type of ice, ice without a type, and a stage of
    development without a floe size or the reverse. ``any`` counts pixels
    with at least one of these.
    """

    def __init__(self) -> None:
        #: Pixels that break a check, by check.
        self.broken = dict.fromkeys((*CHECKS, 'any'), 0)
        #: Pixels that a check looked at.
        self.pixels = dict.fromkeys((*CHECKS, 'any'), 0)

    def update(
        self, prediction: Mapping[str, np.ndarray], scored: np.ndarray
    ) -> None:
        """Add the pixels of one scene.

        A check needs both of its tasks; a pixel of it needs a class of
        both.

        Args:
            prediction: Class numbers by task, each (H, W), 255 or NaN where
                there is none.
            scored: Pixels that count, bool (H, W).
        """
        says, known = {}, {}
        for task, chart in prediction.items():
            classes = chart[scored]
            known[task] = np.isfinite(classes) & (classes != IGNORE)
            says[task] = classes == 0
        size = np.count_nonzero(scored)
        broken, looked = np.zeros(size, bool), np.zeros(size, bool)
        for name, (water, ice) in CHECKS.items():
            if water not in says or ice not in says:
                continue
            both = known[water] & known[ice]
            bad = both & says[water] & ~says[ice]
            self.pixels[name] += np.count_nonzero(both)
            self.broken[name] += np.count_nonzero(bad)
            broken |= bad
            looked |= both
        self.pixels['any'] += np.count_nonzero(looked)
        self.broken['any'] += np.count_nonzero(broken)

    def merge(self, other: ConsistencySums) -> ConsistencySums:
        """Add the counts of other scenes to these; returns itself."""
        for name in self.broken:
            self.broken[name] += other.broken[name]
            self.pixels[name] += other.pixels[name]
        return self

    def shares(self) -> dict[str, float]:
        """Percent of the pixels that break each check, NaN without any."""
        return {
            name: 100 * self.broken[name] / pixels if pixels else np.nan
            for name, pixels in self.pixels.items()
        }
