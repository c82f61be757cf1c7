"""Tissue signals from relaxation times."""

from dataclasses import dataclass

import numpy as np

FLUID = 'fluid'

# Means at 3 T: T1 and T2 in ms and proton density relative to water. Wansapura et al. 1999
# (J Magn Reson Imaging 9:531), Stanisz et al. 2005 (Magn Reson Med 54:507); T2 of the deep
# nuclei, short because of iron: Gelman et al. 1999 (Radiology 210:759).
_MEANS = {
    'white matter': (850.0, 70.0, 0.70),
    'cortex': (1400.0, 90.0, 0.82),
    'caudate': (1300.0, 80.0, 0.82),
    'putamen': (1250.0, 74.0, 0.82),
    'pallidum': (1050.0, 60.0, 0.76),
    'thalamus': (1150.0, 73.0, 0.78),
    'brain stem': (1000.0, 74.0, 0.74),
    FLUID: (4200.0, 2000.0, 1.00),
}
_SPREAD = {'paper': (0.05, 0.04, 0.015), 'varied': (0.10, 0.08, 0.03)}
"""Standard deviations of the logarithms of T1, T2 and density: 'paper' between people, 'varied'
also between scanners, field strengths and sequences."""


@dataclass(frozen=True)
class Tissues:
    """Tissue of a person under a protocol.

    Attributes
    ----------
    properties : dict of str to (float, float, float)
        T1 and T2, ms, and relative proton density of each tissue.
    outside : (n,) array
        Signals of tissues outside the brain, in units of the putamen's.
    echo_time, repetition_time : float
        Times of the T2w, ms.

    """

    properties: dict[str, tuple[float, float, float]]
    outside: np.ndarray
    echo_time: float
    repetition_time: float


def draw_tissues(
    rng: np.random.Generator, acquisition: str, echo_time: float, repetition_time: float
) -> Tissues:
    """Draw the relaxation times of a person for a protocol; echo and repetition time in ms."""
    spread = np.array(_SPREAD[acquisition])
    properties = {}
    for name, means in _MEANS.items():
        values = np.array(means) * np.exp(np.clip(rng.standard_normal(3), -2, 2) * spread)
        properties[name] = tuple(float(value) for value in values)
    return Tissues(properties, rng.uniform(0.05, 1.2, 31), echo_time, repetition_time)


def spin_echo(
    properties: tuple[float, float, float], echo_time: float, repetition_time: float
) -> float:
    """Return the signal of a (turbo) spin echo: ρ (1 − exp(−TR/T1)) exp(−TE/T2).

    ``properties`` are T1, T2 and the relative proton density ρ; times are in ms.

    Examples
    --------
    >>> round(spin_echo((850.0, 70.0, 0.7), 81.0, 4450.0), 3)
    0.219

    """
    t1, t2, density = properties
    return float(density * (1 - np.exp(-repetition_time / t1)) * np.exp(-echo_time / t2))


def mprage(properties: tuple[float, float, float]) -> float:
    """Return the approximate signal of an MPRAGE: ρ (1 − 1.6 exp(−TI/T1)), with TI = 900 ms.

    The factor is 1.6 instead of 2 because magnetisation does not recover fully between
    inversions. The signal is at least 0.05 ρ.
    """
    t1, _, density = properties
    return float(density * max(1 - 1.6 * np.exp(-900.0 / t1), 0.05))


def fluid_ratio(tissues: Tissues) -> float:
    """Return the T2w signal of fluid in multiples of the putamen's, limited to 1.6–5."""
    fluid, putamen = (
        spin_echo(tissues.properties[name], tissues.echo_time, tissues.repetition_time)
        for name in (FLUID, 'putamen')
    )
    return float(np.clip(fluid / putamen, 1.6, 5.0))


def signals(tissues: Tissues) -> tuple[dict, dict]:
    """Return T2w signals relative to the putamen, and T1w signals relative to white matter.

    Returns
    -------
    t2w, t1w : dict of str to float
        Signals by tissue, and an array with the key ``outside``.

    """
    t2w = {
        name: spin_echo(values, tissues.echo_time, tissues.repetition_time)
        for name, values in tissues.properties.items()
    }
    t1w = {name: mprage(values) for name, values in tissues.properties.items()}
    out = []
    for values, unit in ((t2w, 'putamen'), (t1w, 'white matter')):
        scaled = {name: value / values[unit] for name, value in values.items()}
        # Brighter tissue would be interpreted as partly fluid.
        scaled = {name: min(value, 1.2) for name, value in scaled.items()}
        out.append(scaled | {'outside': tissues.outside})
    return out[0], out[1]
