"""How a scanner records a person: protocol, slice averaging, blur, bias, noise, movement."""

from dataclasses import dataclass

import numpy as np
from scipy.fft import fft, ifft
from scipy.ndimage import gaussian_filter1d

from pvs_workflow.simulation.fields import smooth_field, stretch
from pvs_workflow.simulation.grids import Grid, rigid

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
        Slice thickness, in millimetres; there is no gap.
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


def draw_protocol(rng: np.random.Generator, acquisition: str, contrast: str) -> Protocol:
    """Draw a protocol.

    Parameters
    ----------
    rng : numpy.random.Generator
    acquisition : {'paper', 'varied'}
        The paper's (Chae et al. 2024, section 2.2), or any that clinical scanners use.
    contrast : {'T2w', 'T1w', 'FLAIR'}

    Returns
    -------
    Protocol

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
    blur = rng.uniform(0.3, 0.6)
    noise_blur = rng.uniform(0.1, 0.45)
    return Protocol(
        pixel=rng.uniform(0.45, 0.8),
        thickness=float(rng.choice([3.0, 3.3, 4.0, 4.5, 5.0, 5.0, 5.0, 5.5, 6.0])),
        snr=float(np.exp(rng.uniform(np.log(7), np.log(35)))),
        blur=(blur * rng.uniform(1, 1.4), blur),
        noise_blur=(noise_blur * rng.uniform(1, 2.2), noise_blur),
        bias=rng.uniform(0.02, 0.12),
        ghost=rng.choice([0.0, 0.0, 1.0]) * rng.uniform(0.02, 0.07),
        surroundings=1.8,
    )


def draw_grid(rng: np.random.Generator, protocol: Protocol, tilt: float) -> Grid:
    """Place a protocol's slices on a person.

    Parameters
    ----------
    rng : numpy.random.Generator
    protocol : Protocol
    tilt : float
        Standard deviation, in degrees, of the slices' angles to the template's planes.

    Returns
    -------
    Grid
        Voxel index to the person's millimetres.

    """
    shape = (
        *(int(2 * round(width / protocol.pixel / 2)) for width in HEAD_WIDTH),
        round(protocol.coverage / protocol.thickness),
    )
    sizes = np.array([protocol.pixel, protocol.pixel, protocol.thickness])
    centre = [*HEAD_CENTRE, HEAD_MIDDLE + rng.uniform(-0.5, 0.5) * protocol.thickness]
    affine = rigid(np.clip(rng.normal(0, tilt, 3), -3 * tilt, 3 * tilt), centre)
    affine = affine @ np.diag([*sizes, 1])
    affine[:3, 3] -= affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def draw_pose(rng: np.random.Generator) -> np.ndarray:
    """Draw how a head lies in the scanner: person to world, rigid, (4, 4)."""
    return rigid(np.clip(rng.normal(0, 3, 3), -7, 7), rng.normal(0, 4, 3))


def draw_movement(rng: np.random.Generator) -> np.ndarray:
    """Draw how a head moves between two scans of a session: world to world, rigid, (4, 4)."""
    return rigid(np.clip(rng.normal(0, 0.8, 3), -2, 2), np.clip(rng.normal(0, 0.8, 3), -2, 2))


def blur_in_plane(volume: np.ndarray, blur: tuple[float, float]) -> np.ndarray:
    """Apply the in-plane point spread, a Gaussian of ``blur`` pixels along each axis."""
    for axis, width in enumerate(blur):
        if width > 0:
            volume = gaussian_filter1d(volume, width, axis=axis, mode='nearest', truncate=3.0)
    return volume


def shading(rng: np.random.Generator, grid: Grid, strength: float) -> np.ndarray:
    """Draw a coil's smooth shading: a factor per voxel, with mean about 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    grid : Grid
    strength : float
        Standard deviation as a fraction.

    """
    step = [30 / size for size in grid.sizes]
    counts = tuple(int(np.ceil(n / s)) + 2 for n, s in zip(grid.shape, step, strict=True))
    return np.exp(stretch(strength * smooth_field(rng, counts, 1.6), grid.shape, tuple(step)))


def add_ripples(rng: np.random.Generator, signal: np.ndarray, strength: float) -> np.ndarray:
    """Add what movement during a scan leaves: faint displaced copies along phase encoding.

    Each slice's k-space lines get small random phases, as a head's jerks give them; strong and
    weak slices differ, because they are read at different times.

    Parameters
    ----------
    rng : numpy.random.Generator
    signal : (x, y, z) array
        Phase encoding runs left–right.
    strength : float
        Mean scale of the phases over slices, in radians; the worst slices have twice that, so
        that a rater could still read them.

    """
    spectrum = fft(signal.astype(np.complex64), axis=0)
    n = signal.shape[0]
    each = strength * np.minimum(rng.exponential(1.0, signal.shape[2]), 2)
    phases = rng.standard_normal((n, 1, signal.shape[2])) * each
    # The lines around the centre come together: without this the whole contrast would change.
    phases[np.abs(np.fft.fftfreq(n)) < 0.02] = 0
    spectrum *= np.exp(1j * phases).astype(np.complex64)
    return np.abs(ifft(spectrum, axis=0)).astype(np.float32)


def add_noise(
    rng: np.random.Generator,
    signal: np.ndarray,
    deviation: float,
    correlation: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return the magnitude of a signal with complex Gaussian noise (Rician).

    Parameters
    ----------
    rng : numpy.random.Generator
    signal : array
    deviation : float
        Of the real and of the imaginary noise (Gudbjartsson and Patz 1995).
    correlation : (float, float)
        Smoothing of the noise in plane, in pixels; its deviation stays as asked.

    Returns
    -------
    array of float32

    """
    parts = []
    for _ in range(2):
        noise = rng.standard_normal(signal.shape, dtype=np.float32)
        if max(correlation) > 0:
            noise = blur_in_plane(noise, correlation)
            noise /= noise.std()
        parts.append(noise * np.float32(deviation))
    return np.hypot(signal + parts[0], parts[1])


def record(
    rng: np.random.Generator, signal: np.ndarray, grid: Grid, protocol: Protocol
) -> np.ndarray:
    """Turn a noise-free, slice-averaged signal into what the scanner stores.

    Parameters
    ----------
    rng : numpy.random.Generator
    signal : (x, y, z) array
        With the putamen near 1.
    grid : Grid
    protocol : Protocol

    Returns
    -------
    (x, y, z) array of uint16

    """
    image = blur_in_plane(signal, protocol.blur) * shading(rng, grid, protocol.bias)
    if protocol.ghost > 0:
        image = add_ripples(rng, image, protocol.ghost)
    image = add_noise(rng, image, 1 / protocol.snr, protocol.noise_blur)
    return np.clip(np.round(image * GAIN), 0, 4095).astype(np.uint16)
