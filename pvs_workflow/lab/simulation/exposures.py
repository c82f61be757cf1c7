"""Exposures: training images drawn from a plate, with some of its ePVS and new noise."""

from dataclasses import replace

import numpy as np

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.kspace import add_noise, add_ripples
from pvs_workflow.lab.simulation.plates import Plate
from pvs_workflow.lab.simulation.rendering import Spot, add_volume, label_visible

MAX_EPVS = 70
"""Maximum number of ePVS in an exposure; some are hidden, and up to about 60 can be counted."""
FLUID = (0.8, 1.1)
"""Range of the fluid signal of an exposure, relative to the plate."""
EPVS_FLUID = (0.75, 1.0)
"""Range of the signal of each ePVS, relative to the fluid of the exposure."""
NOISE = (0.6, 2.5)
"""Range of the noise of an exposure, relative to the protocol. The network has to see
noise of every level and smoothness, or it counts noise as ePVS."""
MIN_SNR = 6.0
"""Minimum signal-to-noise ratio, unless that of the protocol is lower."""
MAX_ADDED_NOISE = 2.0
"""Maximum noise added to a real scan, relative to its own."""
SMOOTHING = (0.6, 1.5)
"""Range of the smoothing of the noise, relative to the protocol."""
MAX_SMOOTHING = 0.6
"""Maximum smoothing of the noise if the protocol has white noise, pixels."""
MOTION_SHARE = 0.25
"""Share of exposures with motion, in addition to protocols with motion."""
RIPPLES = (0.02, 0.09)
"""Range of the strength of motion ripples, radians."""


def draw_count(rng: np.random.Generator, available: int = MAX_EPVS) -> int:
    """Draw the number of ePVS in an exposure, given the number available.

    It is uniform over all counts or, with equal probability, over the upper half, where exposures
    resemble the plate as rendered. Low counts come mostly from plates with few ePVS.
    """
    highest = min(available, MAX_EPVS)
    return int(rng.integers(highest // 2 if rng.random() < 0.5 else 0, highest + 1))


def expose(plate: Plate, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw an exposure of a plate with ``count`` of its ePVS, or all if it has fewer.

    Returns
    -------
    plane : (x, y) array of float32
        Signal, in multiples of the putamen's.
    labels : (x, y) array of int16
        A unique number for each countable ePVS.

    """
    fluid = plate.fluid * rng.uniform(*FLUID)
    protocol = draw_conditions(rng, plate.protocol)
    if plate.recorded:
        original = 1 / plate.protocol.snr
        added = original * rng.choice([0.0, 1.0]) * rng.uniform(0, MAX_ADDED_NOISE)
        noise = float(np.hypot(original, added))
        protocol = replace(protocol, truncation=(1.0, 1.0))
    else:
        added = noise = 1 / protocol.snr
    tissue = plate.tissue.astype(np.float32)
    spots = [
        replace(spot, volume=spot.volume * np.float32(rng.uniform(*EPVS_FLUID)))
        for spot in _choose(plate, rng, count, fluid, noise)
    ]
    volume = add_volume(spots, (*tissue.shape, 1))[..., 0]
    signal = tissue * (1 - volume) + np.float32(fluid) * volume
    if protocol.ghost > 0:
        signal = add_ripples(rng, signal[..., np.newaxis], protocol.ghost)[..., 0]
    if added > 0:
        signal = add_noise(rng, signal, added, protocol.noise_blur, protocol.truncation)
    labels = label_visible(
        spots,
        tissue[..., np.newaxis],
        fluid,
        (0.0, 0.0),
        noise,
        plate.roi[..., np.newaxis].astype(np.uint8),
    )
    return signal.astype(np.float32), labels[..., 0].astype(np.int16)


def draw_conditions(rng: np.random.Generator, protocol: Protocol) -> Protocol:
    """Return a protocol with the noise, smoothing and motion of a random exposure."""
    snr = protocol.snr / np.exp(rng.uniform(*np.log(NOISE)))
    if max(protocol.noise_blur) > 0:
        smoothing = rng.uniform(*SMOOTHING) * np.array(protocol.noise_blur)
    else:
        smoothing = rng.choice([0.0, 1.0]) * rng.uniform(0, MAX_SMOOTHING, 2)
    motion = rng.uniform(*RIPPLES) if rng.random() < MOTION_SHARE else 0.0
    return replace(
        protocol,
        snr=float(max(snr, min(protocol.snr, MIN_SNR))),
        noise_blur=(float(smoothing[0]), float(smoothing[1])),
        ghost=max(protocol.ghost, motion),
    )


def _choose(plate, rng, count, fluid, noise) -> list[Spot]:
    """Choose ePVS, either clustered or spread over the plate, and some too faint to count."""
    if not plate.spots:
        return []
    peaks = np.array([spot.volume.max() for spot in plate.spots])
    bright = peaks * (fluid - 1) >= max(0.25, 4 * noise)
    index = np.flatnonzero(bright)
    centres = np.array([np.add(s.corner, np.array(s.volume.shape) / 2) for s in plate.spots])
    keys = rng.random(len(plate.spots))
    if index.size and rng.random() < 0.35:
        distance = np.linalg.norm(centres - centres[rng.choice(index)], axis=1)
        keys = keys * np.exp(distance * plate.protocol.pixel / 8.0)
    chosen = index[np.argsort(keys[index])][:count]
    faint = np.flatnonzero(~bright)
    number = rng.binomial(faint.size, rng.random()) if faint.size else 0
    faint = rng.permutation(faint)[:number]
    return [plate.spots[i] for i in (*chosen, *faint)]
