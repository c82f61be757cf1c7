"""Exposures: a plate recorded anew, with some of its ePVS, and what can be counted then."""

from dataclasses import replace

import numpy as np

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.kspace import add_noise, add_ripples
from pvs_workflow.lab.simulation.plates import Plate
from pvs_workflow.lab.simulation.rendering import Spot, add_volume, label_visible

MOST = 70
"""Most that an exposure shows: some of these are hidden, and up to 60 are to be counted."""
FLUID = (0.8, 1.1)
"""Range of an exposure's fluid signal, over the plate's."""
OWN_FLUID = (0.75, 1.0)
"""Range of each ePVS' signal, over the exposure's fluid."""
NOISE = (0.6, 2.5)
"""Range of an exposure's noise, over the protocol's. What grows depends on the protocol,
but noise of every degree and smoothness must be known, or it is counted."""
LOWEST_SNR = 6.0
"""Unless the protocol's own is lower."""
ADDED_NOISE = 2.0
"""Most that is added to a real scan, over its own."""
SMOOTHING = (0.6, 1.5)
"""Range of the noise's smoothing, over the protocol's."""
OTHER_SMOOTHING = 0.6
"""Largest standard deviation in pixels, where the protocol has white noise."""
MOVED = 0.25
"""Share of exposures in which the head moved, beside those whose protocol says so."""
RIPPLES = (0.02, 0.09)
"""Range of the strength of motion ripples, in radians."""


def draw_count(rng: np.random.Generator, most: int = MOST) -> int:
    """Draw how many ePVS an exposure is to show, of those that there are.

    Flat over all counts, or over the upper half of what the plate has, which looks as it grew.
    Low counts come mostly from plates that hold few.
    """
    most = min(most, MOST)
    return int(rng.integers(most // 2 if rng.random() < 0.5 else 0, most + 1))


def expose(plate: Plate, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Record a plate with ``count`` of its ePVS, or as many as it has.

    Returns
    -------
    plane : (x, y) array of float32
        Signal, in multiples of the putamen's.
    labels : (x, y) array of int16
        What can be counted, one integer each.

    """
    fluid = plate.fluid * rng.uniform(*FLUID)
    how = draw_conditions(rng, plate.protocol)
    if plate.recorded:
        own = 1 / plate.protocol.snr
        added = own * rng.choice([0.0, 1.0]) * rng.uniform(0, ADDED_NOISE)
        noise = float(np.hypot(own, added))
        how = replace(how, truncation=(1.0, 1.0))
    else:
        added = noise = 1 / how.snr
    tissue = plate.tissue.astype(np.float32)
    shown = [
        replace(spot, volume=spot.volume * np.float32(rng.uniform(*OWN_FLUID)))
        for spot in _choose(plate, rng, count, fluid, noise)
    ]
    volume = add_volume(shown, (*tissue.shape, 1))[..., 0]
    signal = tissue * (1 - volume) + np.float32(fluid) * volume
    if how.ghost > 0:
        signal = add_ripples(rng, signal[..., np.newaxis], how.ghost)[..., 0]
    if added > 0:
        signal = add_noise(rng, signal, added, how.noise_blur, how.truncation)
    labels = label_visible(
        shown,
        tissue[..., np.newaxis],
        fluid,
        (0.0, 0.0),
        noise,
        plate.roi[..., np.newaxis].astype(np.uint8),
    )
    return signal.astype(np.float32), labels[..., 0].astype(np.int16)


def draw_conditions(rng: np.random.Generator, protocol: Protocol) -> Protocol:
    """Draw the noise, its smoothing and the movement of one exposure of a plate's protocol."""
    snr = protocol.snr / np.exp(rng.uniform(*np.log(NOISE)))
    if max(protocol.noise_blur) > 0:
        smoothing = rng.uniform(*SMOOTHING) * np.array(protocol.noise_blur)
    else:
        smoothing = rng.choice([0.0, 1.0]) * rng.uniform(0, OTHER_SMOOTHING, 2)
    moved = rng.uniform(*RIPPLES) if rng.random() < MOVED else 0.0
    return replace(
        protocol,
        snr=float(max(snr, min(protocol.snr, LOWEST_SNR))),
        noise_blur=(float(smoothing[0]), float(smoothing[1])),
        ghost=max(protocol.ghost, moved),
    )


def _choose(plate, rng, count, fluid, noise) -> list[Spot]:
    """Choose ePVS, near each other or all over, and some too faint to count."""
    if not plate.spots:
        return []
    peaks = np.array([spot.volume.max() for spot in plate.spots])
    bright = peaks * (fluid - 1) >= max(0.25, 4 * noise)
    index = np.flatnonzero(bright)
    centres = np.array([np.add(s.corner, np.array(s.volume.shape) / 2) for s in plate.spots])
    keys = rng.random(len(plate.spots))
    if index.size and rng.random() < 0.35:
        away = np.linalg.norm(centres - centres[rng.choice(index)], axis=1) * plate.protocol.pixel
        keys = keys * np.exp(away / 8.0)
    chosen = index[np.argsort(keys[index])][:count]
    faint = np.flatnonzero(~bright)
    number = rng.binomial(faint.size, rng.random()) if faint.size else 0
    faint = rng.permutation(faint)[:number]
    return [plate.spots[i] for i in (*chosen, *faint)]
