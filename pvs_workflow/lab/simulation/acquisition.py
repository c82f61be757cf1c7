"""How a scanner records a person: protocol, slice profile, place of the slices, coil shading."""

from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.simulation.fields import smooth_field, stretch
from pvs_workflow.lab.simulation.grids import Grid, rigid
from pvs_workflow.lab.simulation.kspace import add_noise, add_ripples, blur_in_plane
from pvs_workflow.science.slabs import slices_per_slab

HEAD_CENTRE = np.array([0.0, -18.0])
"""Left–right and back–front centre of the head in the template, in millimetres."""
HEAD_WIDTH = (196.0, 224.0)
"""Field of view that holds a large head, left–right × back–front, in millimetres."""
COVERAGE = 140.0
"""Of the slices, in millimetres: the paper's 28 slices of 5 mm."""
HEAD_MIDDLE = 12.0
"""Height of the middle slice above the template's origin, in millimetres."""
GAIN = 350.0
"""Recorded intensity of the putamen in T2w."""


@dataclass(frozen=True)
class Protocol:
    """One contrast's acquisition.

    Attributes
    ----------
    pixel : float
        In plane, in millimetres.
    thickness : float
        From slice to slice, in millimetres; the gap, if any, is part of it.
    snr : float
        Signal of the putamen over the noise's standard deviation.
    blur : (float, float)
        Standard deviation of the point spread, left–right (phase encoding) and back–front, in
        pixels.
    noise_blur : (float, float)
        Smoothing of the noise (zero filling, parallel imaging, filters), likewise; 0 is white.
    bias : float
        Standard deviation of the coil's smooth shading, as a fraction.
    ghost : float
        Strength of motion ripples along the phase-encoding direction, in radians: about their
        size relative to the signal.
    coverage : float
        Millimetres from the lowest to the highest slice's outer faces.
    truncation : (float, float)
        Share of k-space that was read along both axes; the rest is zero-filled, which blurs and
        leaves ripples beside edges.
    soft_edges : float
        Share of a slice's thickness over which its sensitivity falls at either face, 0 to 0.5.
    gap : float
        Share of the slice spacing that no slice sees.
    echo_time, repetition_time : float
        In ms; of the T2w; 0 where not known.
    surroundings : float
        Detail at which all but the basal ganglia's surroundings are simulated, in millimetres.

    """

    pixel: float
    thickness: float
    snr: float
    blur: tuple[float, float] = (0.45, 0.45)
    noise_blur: tuple[float, float] = (0.0, 0.0)
    bias: float = 0.06
    ghost: float = 0.0
    coverage: float = COVERAGE
    surroundings: float = 1.2
    truncation: tuple[float, float] = (1.0, 1.0)
    soft_edges: float = 0.0
    gap: float = 0.0
    echo_time: float = 81.0
    repetition_time: float = 4450.0

    @property
    def slab(self) -> int:
        """How many slices the app averages before it counts."""
        return slices_per_slab(np.diag([self.pixel, self.pixel, self.thickness, 1.0]))

    def as_read(self) -> 'Protocol':
        """Return the protocol of the slabs that are read: itself unless slices are thin."""
        n = self.slab
        if n == 1:
            return self
        snr = float(self.snr * np.sqrt(n))
        return replace(self, thickness=self.thickness * n, snr=snr, soft_edges=0.0, gap=0.0)

    def layer_weights(self, layers: int) -> np.ndarray:
        """Return the slice profile at evenly spaced layers of the slice spacing; sums to 1."""
        away = np.abs((np.arange(layers) + 0.5) / layers - 0.5) * 2
        edge = 1 - self.gap
        width = max(2 * self.soft_edges * edge, 1e-6)
        weights = np.clip((edge - away) / width + 0.5, 0, 1)
        return weights / weights.sum()


def draw_protocol(rng: np.random.Generator, acquisition: str, contrast: str) -> Protocol:
    """Draw a protocol for a contrast (T2w, T1w, FLAIR).

    Of the T2w, ``paper`` is the paper's (Chae et al. 2024, section 2.2), and ``varied`` any that
    clinical scanners use.
    """
    if contrast != 'T2w':
        return Protocol(
            pixel=1.0, thickness=1.0, snr=rng.uniform(18, 28), blur=(0.35, 0.35), coverage=160.0
        )
    if acquisition == 'paper':
        return Protocol(
            pixel=0.573,
            thickness=5.0,
            snr=rng.uniform(16, 28),
            blur=(rng.uniform(0.45, 0.55), rng.uniform(0.38, 0.45)),
            noise_blur=(rng.uniform(0.45, 0.6), rng.uniform(0.3, 0.45)),
        )
    return _varied_t2w(rng)


def _varied_t2w(rng: np.random.Generator) -> Protocol:
    volumetric = rng.random() < 0.12
    pixel = rng.uniform(0.7, 1.0) if volumetric else rng.triangular(0.4, 0.55, 1.0)
    blur = rng.uniform(0.05, 0.5)
    noise_blur = rng.choice([0.0, 1.0]) * rng.uniform(0.2, 0.45)
    truncated = rng.random() < 0.5
    read = rng.uniform(0.7, 1.0) if truncated else 1.0
    thin = [0.8, 1.0, 1.0, 1.2, 2.0]
    slices = [2.5, 3.0, 3.0, 3.3, 4.0, 4.0, 4.5, 5.0, 5.0, 5.0, 5.5, 6.0]
    return Protocol(
        pixel=pixel,
        thickness=float(rng.choice(thin if volumetric else slices)),
        snr=float(np.exp(rng.uniform(np.log(8), np.log(60)))) / (1.6 if volumetric else 1.0),
        blur=(blur * rng.uniform(1, 1.3), blur),
        noise_blur=(noise_blur * rng.uniform(1, 2.0), noise_blur),
        bias=rng.uniform(0.02, 0.12),
        ghost=rng.choice([0.0, 0.0, 1.0]) * rng.uniform(0.02, 0.07),
        surroundings=1.8,
        truncation=(read * rng.uniform(0.75, 1.0) if truncated else 1.0, read),
        soft_edges=rng.uniform(0, 0.2),
        gap=0.0 if volumetric else rng.choice([0.0, 0.0, 1.0]) * rng.uniform(0.05, 0.25),
        echo_time=rng.uniform(70, 130),
        repetition_time=rng.uniform(2500, 7000),
    )


def draw_grid(rng: np.random.Generator, protocol: Protocol, tilt: float) -> Grid:
    """Place a protocol's slices on a person: from voxel index to the person's millimetres.

    ``tilt`` is the standard deviation, in degrees, of the slices' angles to the template's planes.
    """
    shape = (
        *(int(2 * round(width / protocol.pixel / 2)) for width in HEAD_WIDTH),
        round(protocol.coverage / protocol.thickness),
    )
    sizes = np.array([protocol.pixel, protocol.pixel, protocol.thickness])
    centre = [*HEAD_CENTRE, HEAD_MIDDLE + rng.uniform(-0.5, 0.5) * protocol.thickness]
    affine = rigid(np.clip(rng.normal(0, tilt, 3), -2 * tilt, 2 * tilt), centre)
    affine = affine @ np.diag([*sizes, 1])
    affine[:3, 3] -= affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def draw_pose(rng: np.random.Generator) -> np.ndarray:
    """Draw how a head lies in the scanner: person to world, rigid, (4, 4)."""
    return rigid(np.clip(rng.normal(0, 3, 3), -7, 7), rng.normal(0, 4, 3))


def draw_movement(rng: np.random.Generator) -> np.ndarray:
    """Draw how a head moves between two scans of a session: world to world, rigid, (4, 4)."""
    return rigid(np.clip(rng.normal(0, 0.8, 3), -2, 2), np.clip(rng.normal(0, 0.8, 3), -2, 2))


def shading(rng: np.random.Generator, grid: Grid, strength: float) -> np.ndarray:
    """Draw a coil's smooth shading: a factor per voxel, with mean about 1.

    ``strength`` is its standard deviation, as a fraction.
    """
    step = [30 / size for size in grid.sizes]
    counts = tuple(int(np.ceil(n / s)) + 2 for n, s in zip(grid.shape, step, strict=True))
    return np.exp(stretch(strength * smooth_field(rng, counts, 1.6), grid.shape, tuple(step)))


def record(
    rng: np.random.Generator, signal: np.ndarray, grid: Grid, protocol: Protocol
) -> np.ndarray:
    """Turn a noise-free, slice-averaged signal into what the scanner stores, as uint16.

    The signal is an (x, y, z) array with the putamen near 1, which becomes `GAIN`.
    """
    image = blur_in_plane(signal, protocol.blur) * shading(rng, grid, protocol.bias)
    if protocol.ghost > 0:
        image = add_ripples(rng, image, protocol.ghost)
    image = add_noise(rng, image, 1 / protocol.snr, protocol.noise_blur, protocol.truncation)
    return np.clip(np.round(image * GAIN), 0, 4095).astype(np.uint16)
