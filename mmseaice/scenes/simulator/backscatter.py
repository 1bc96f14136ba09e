"""Normalised radar cross-section of water, ice and land at C band.

Water: HH is a polynomial fitted to CMOD5.N (Hersbach 2010, doi
10.1175/2009JTECHO698.1) less the polarisation ratio of Thompson et al.
(1998, doi 10.1109/IGARSS.1998.703711, alpha = 1), at 19 to 46.7 degrees and
3 to 14 m/s, with a residual of 0.2 dB rms; near range is brighter than ice
even in light wind, far range darker. HV over water grows linearly with wind
and hardly depends on incidence (Vachon and Wolfe 2011; Zhang and Perrie
2012). Ice: level and
slope by stage after Makynen and Karvonen (2017, doi
10.1109/TGRS.2017.2721981), Mahmud et al. (2018) and Lohse et al. (2020,
doi 10.1017/aog.2020.45): about -0.25 dB per degree in HH for first-year and
-0.16 for old ice, old ice 2 to 4 dB brighter in HH and 5 dB or more in HV,
nilas dark, young ice bright in HH where frost flowers grow.
"""

from __future__ import annotations

import numpy as np

from .fields import fractal_field, smooth_field
from .ice import IceTruth

#: Stage -> HH at 30 deg (dB), slope (dB/deg), HV at 30 deg, slope, spread
#: between floes (dB), texture within them (dB).
SIGNATURES = np.array(
    [
        [np.nan, np.nan, np.nan, np.nan, 0.0, 0.0],
        [-20.5, -0.35, -30.5, -0.20, 1.0, 0.5],
        [-12.8, -0.27, -26.8, -0.16, 1.3, 1.3],
        [-15.2, -0.25, -27.6, -0.15, 0.9, 0.7],
        [-13.2, -0.23, -25.0, -0.14, 0.9, 1.0],
        [-10.2, -0.16, -19.0, -0.10, 0.9, 1.0],
    ],
    np.float32,
)
_LAND = (-9.5, -0.12, -17.0, -0.10)


def water_backscatter(
    speed: np.ndarray, direction: float, incidence: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sigma0 in dB of open water, HH and HV.

    HH is the mean over wind directions plus a second harmonic, which is
    about 0.3 dB at near range in light wind and 2.7 dB at far range in
    strong wind.

    Args:
        speed: 10 m wind speed in m/s, any shape (..., W).
        direction: Wind direction against the look direction in radians.
        incidence: Incidence angle in degrees, shape (W,).
    """
    tilt = incidence - np.float32(30)
    speed = np.maximum(speed, np.float32(0.8))
    growth = np.log10(speed / np.float32(8))
    calm = -13.18 - 0.794 * tilt + 0.0141 * tilt**2
    HH = (13.08 + 0.404 * tilt - 0.0097 * tilt**2) * growth + calm
    swing = np.maximum(1.36 + 0.058 * tilt + 2.02 * growth, 0.3)
    HH += np.float32(np.cos(2 * direction)) * swing
    HV = 0.592 * speed - 35.6 - 0.05 * tilt
    return HH, HV


def ice_backscatter(
    stage: np.ndarray, incidence: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean sigma0 in dB of a stage of development, HH and HV.

    Args:
        stage: Class 1..5, shape (..., W).
        incidence: Incidence angle in degrees, shape (W,).
    """
    tilt = incidence - np.float32(30)
    HH = SIGNATURES[:, 0][stage] + SIGNATURES[:, 1][stage] * tilt
    HV = SIGNATURES[:, 2][stage] + SIGNATURES[:, 3][stage] * tilt
    return HH, HV


def _linear(decibel: np.ndarray) -> np.ndarray:
    """Convert dB to linear power, in place."""
    decibel *= np.float32(np.log(10) / 10)
    return np.exp(decibel, out=decibel)


def scene_backscatter(
    rng: np.random.Generator,
    truth: IceTruth,
    wind: tuple[np.ndarray, np.ndarray],
    incidence: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Linear sigma0 of a scene without speckle or noise, HH and HV.

    Args:
        rng: Source of randomness.
        truth: What the pixels hold, shape (H, W).
        wind: Wind across and along the swath in m/s, each (H, W).
        incidence: Incidence angle in degrees, (W,).
    """
    shape = truth.stage.shape
    incidence = incidence.astype(np.float32)
    speed = np.hypot(*wind)
    direction = float(np.arctan2(wind[1].mean(), wind[0].mean()))
    # Gusts and wind rows are smooth at pixel scale, unlike ice.
    gusts = smooth_field(rng, shape, 22) + smooth_field(rng, shape, 60)
    speed *= np.exp(np.float32(0.05) * gusts)
    water_HH, water_HV = map(
        _linear, water_backscatter(speed, direction, incidence)
    )
    del speed, gusts

    texture = fractal_field(rng, shape, 10, 1.5, persistence=0.8)
    coat = fractal_field(rng, shape, 90, 6, persistence=0.5)
    spread = SIGNATURES[:, 4][truth.stage] * truth.tone
    spread += SIGNATURES[:, 5][truth.stage] * texture
    rough = truth.stage >= 4
    HH, HV = ice_backscatter(truth.stage, incidence)
    # Frost flowers brighten patches of young ice.
    coat = np.where(truth.stage == 2, coat, np.float32(0.4) * coat)
    HH += spread + np.float32(1.0) * coat + np.float32(2.0) * truth.rim * rough
    HV += np.float32(0.8) * spread + np.float32(0.3) * coat
    HV += np.float32(3.0) * truth.rim * rough
    cover = truth.concentration.astype(np.float32) / 100
    icy = truth.stage > 0
    out = []
    for ice, water in ((HH, water_HH), (HV, water_HV)):
        power = _linear(ice) * cover + water * (1 - cover)
        out.append(np.where(icy, power, water))
    _add_land(rng, *out, truth.land, incidence)
    return out[0], out[1]


def _add_land(
    rng: np.random.Generator,
    HH: np.ndarray,
    HV: np.ndarray,
    land: np.ndarray,
    incidence: np.ndarray,
) -> None:
    """Put textured terrain on land, in place."""
    if not land.any():
        return
    # Slopes facing the radar are bright: a terrain's gradient in range.
    height = fractal_field(rng, land.shape, 60, 2, persistence=0.55)
    slope = np.gradient(height, axis=1) / np.float32(0.05)
    rough = fractal_field(rng, land.shape, 200, 3, persistence=0.6)
    tilt = (incidence - np.float32(30))[None]
    tone = np.float32(1.6) * np.clip(slope, -3, 4) + np.float32(1.5) * rough
    base_HH, slope_HH, base_HV, slope_HV = map(np.float32, _LAND)
    HH[land] = _linear(base_HH + slope_HH * tilt + tone)[land]
    HV[land] = _linear(base_HV + slope_HV * tilt + np.float32(0.9) * tone)[
        land
    ]
