"""Acquisition of a scan: protocol, slice profile, slice positions and coil shading."""

from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.simulation.fields import smooth_field, stretch
from pvs_workflow.lab.simulation.grids import Grid, rigid
from pvs_workflow.lab.simulation.kspace import add_noise, add_ripples, blur_in_plane
from pvs_workflow.science.slabs import slices_per_slab

HEAD_CENTRE = np.array([0.0, -18.0])
"""Centre of the head in the template, left–right and posterior–anterior, mm."""
HEAD_WIDTH = (196.0, 224.0)
"""Field of view that covers a large head, left–right and posterior–anterior, mm."""
COVERAGE = 140.0
"""Extent of the slice stack, mm: the paper's 28 slices of 5 mm."""
HEAD_MIDDLE = 12.0
"""Height of the middle slice above the template's origin, mm."""
GAIN = 350.0
"""Recorded intensity of the putamen in T2w."""


@dataclass(frozen=True)
class Protocol:
    """Acquisition parameters of one contrast.

    Attributes
    ----------
    pixel : float
        Pixel size in plane, mm.
    thickness : float
        Slice spacing, mm; includes the gap, if any.
    snr : float
        Signal of the putamen divided by the standard deviation of the noise.
    blur : (float, float)
        Standard deviation of the point spread, pixels: left–right (phase encoding) and
        posterior–anterior.
    noise_blur : (float, float)
        Smoothing of the noise (zero filling, parallel imaging, filters) along the same axes,
        pixels; 0 for white noise.
    bias : float
        Standard deviation of the smooth coil shading, as a fraction.
    ghost : float
        Strength of motion ripples along phase encoding, radians; roughly their amplitude
        relative to the signal.
    coverage : float
        Extent of the slice stack, mm.
    truncation : (float, float)
        Share of k-space that is acquired along each axis; the rest is zero-filled, which blurs
        edges and leaves ripples next to them.
    soft_edges : float
        Share of the slice thickness over which the sensitivity falls at each face, 0 to 0.5.
    gap : float
        Share of the slice spacing that lies between slices.
    echo_time, repetition_time : float
        Times of the T2w, ms; 0 if unknown.
    surroundings : float
        Pixel size at which the head outside the basal ganglia region is simulated, mm.

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
        """Number of slices that the app averages to a slab."""
        return slices_per_slab(np.diag([self.pixel, self.pixel, self.thickness, 1.0]))

    def slab_protocol(self) -> 'Protocol':
        """Return the protocol of the averaged slabs; unchanged unless slices are thin."""
        n = self.slab
        if n == 1:
            return self
        snr = float(self.snr * np.sqrt(n))
        return replace(self, thickness=self.thickness * n, snr=snr, soft_edges=0.0, gap=0.0)

    def layer_weights(self, layers: int) -> np.ndarray:
        """Return the slice profile at evenly spaced depths of the slice spacing; sums to 1."""
        distance = np.abs((np.arange(layers) + 0.5) / layers - 0.5) * 2
        edge = 1 - self.gap
        width = max(2 * self.soft_edges * edge, 1e-6)
        weights = np.clip((edge - distance) / width + 0.5, 0, 1)
        return weights / weights.sum()


def draw_protocol(rng: np.random.Generator, acquisition: str, contrast: str) -> Protocol:
    """Draw a protocol for a contrast (T2w, T1w, FLAIR).

    For T2w, ``paper`` gives the paper's protocol (Chae et al. 2024, section 2.2) and ``varied``
    one from the range of clinical scanners.
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
    acquired = rng.uniform(0.7, 1.0) if truncated else 1.0
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
        truncation=(acquired * rng.uniform(0.75, 1.0) if truncated else 1.0, acquired),
        soft_edges=rng.uniform(0, 0.2),
        gap=0.0 if volumetric else rng.choice([0.0, 0.0, 1.0]) * rng.uniform(0.05, 0.25),
        echo_time=rng.uniform(70, 130),
        repetition_time=rng.uniform(2500, 7000),
    )


def draw_grid(rng: np.random.Generator, protocol: Protocol, tilt: float) -> Grid:
    """Draw the position of a protocol's slices in a person's space.

    ``tilt`` is the standard deviation of the angles between slices and template planes, degrees.
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
    """Draw the pose of a head in the scanner: a rigid (4, 4) matrix, person to world."""
    return rigid(np.clip(rng.normal(0, 3, 3), -7, 7), rng.normal(0, 4, 3))


def draw_movement(rng: np.random.Generator) -> np.ndarray:
    """Draw the movement between two scans of a session: a rigid (4, 4) matrix in world space."""
    return rigid(np.clip(rng.normal(0, 0.8, 3), -2, 2), np.clip(rng.normal(0, 0.8, 3), -2, 2))


def shading(rng: np.random.Generator, grid: Grid, strength: float) -> np.ndarray:
    """Draw the smooth shading of a coil: a factor for each voxel, with a mean near 1.

    ``strength`` is its standard deviation, as a fraction.
    """
    step = [30 / size for size in grid.sizes]
    counts = tuple(int(np.ceil(n / s)) + 2 for n, s in zip(grid.shape, step, strict=True))
    return np.exp(stretch(strength * smooth_field(rng, counts, 1.6), grid.shape, tuple(step)))


def record(
    rng: np.random.Generator, signal: np.ndarray, grid: Grid, protocol: Protocol
) -> np.ndarray:
    """Convert a noise-free, slice-averaged signal into a recorded image, as uint16.

    The signal is an (x, y, z) array in which the putamen is near 1; it is scaled by `GAIN`.
    """
    image = blur_in_plane(signal, protocol.blur) * shading(rng, grid, protocol.bias)
    if protocol.ghost > 0:
        image = add_ripples(rng, image, protocol.ghost)
    image = add_noise(rng, image, 1 / protocol.snr, protocol.noise_blur, protocol.truncation)
    return np.clip(np.round(image * GAIN), 0, 4095).astype(np.uint16)
