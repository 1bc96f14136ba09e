"""What denoising leaves of the thermal noise in the HV channel.

EW noise differs between the five sub-swaths, sags inside each with the
antenna pattern, and breathes along azimuth with the bursts (scalloping).
Denoising (Park et al. 2018, doi 10.1109/TGRS.2017.2765248; Korosov et al.
2022, doi 10.1109/TGRS.2021.3131036) levels the sub-swaths up to small
errors of scale. What is left here is half of a floor without steps, and
those errors, which step by 0.3 to 1 dB over dark water (-33 dB). The
residual speckles like the signal does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import LINES_PER_SECOND

#: Incidence angles (degrees) where one sub-swath meets the next.
SUBSWATH_EDGES = (28.6, 34.0, 38.7, 42.9)
#: Noise-equivalent sigma0 (dB) in the middle of each sub-swath; the floor
#: runs straight from one to the next.
_FLOOR = (-27.5, -29.5, -30.0, -30.5, -30.0)
#: Cycle time of the EW bursts in seconds (product annotation).
BURST_SECONDS = 3.04
#: Share of the noise that denoising leaves; it keeps dark water at about
#: -29 dB, as in the published scenes.
_LEVEL_LEFT = 0.5


@dataclass
class NoiseResidual:
    """Residual noise of one scene, in linear power.

    Args:
        floor: Noise-equivalent sigma0 per sample, float32 (samples,).
        offset: Share of the floor that is left per sample, constant in a
            sub-swath, float32 (samples,).
        wave: Scalloping amplitude as a share of the floor, float32
            (samples,).
        phase: Burst phase per sample in radians, float32 (samples,).
    """

    floor: np.ndarray
    offset: np.ndarray
    wave: np.ndarray
    phase: np.ndarray

    def add_to(self, power: np.ndarray, first_line: int) -> None:
        """Add the residual to a strip of HV power, in place.

        Args:
            power: Linear sigma0 before speckle, float32 (lines, samples).
            first_line: Line number of the strip's first line.
        """
        line = np.arange(first_line, first_line + len(power))
        turn = 2 * np.pi * line / (BURST_SECONDS * LINES_PER_SECOND)
        sine = np.sin(turn).astype(np.float32)[:, None]
        cosine = np.cos(turn).astype(np.float32)[:, None]
        power += self.floor * self.offset
        power += sine * (self.floor * self.wave * np.cos(self.phase))
        power += cosine * (self.floor * self.wave * np.sin(self.phase))


def draw_noise(
    rng: np.random.Generator, incidence: np.ndarray
) -> NoiseResidual:
    """Draw the residual of one scene.

    Args:
        rng: Source of randomness.
        incidence: Incidence angle per sample in degrees, (samples,).
    """
    subswath = np.searchsorted(SUBSWATH_EDGES, incidence)
    edges = np.array([incidence.min(), *SUBSWATH_EDGES, incidence.max()])
    middle = (edges[1:] + edges[:-1]) / 2
    half = (edges[1:] - edges[:-1]) / 2
    across = (incidence - middle[subswath]) / half[subswath]
    floor = np.interp(incidence, middle, _FLOOR) + 1.5 * across**2
    # Neighbours alternate around zero, so that every border is a step.
    sign = rng.choice([-1, 1]) * (-1.0) ** np.arange(5)
    offset = _LEVEL_LEFT + sign * rng.uniform(0.03, 0.08, 5)
    wave = rng.uniform(0.02, 0.08, 5) * np.array([1.6, 1, 1, 1, 1])
    phase = rng.uniform(0, 2 * np.pi, 5)
    fields = (
        10 ** (floor / 10),
        *(v[subswath] for v in (offset, wave, phase)),
    )
    return NoiseResidual(*(field.astype(np.float32) for field in fields))
