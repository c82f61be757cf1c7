"""Smooth random fields, diffeomorphisms, and interpolation of coarse lattices."""

from collections.abc import Callable

import numpy as np
from scipy.fft import irfftn, rfftn
from scipy.ndimage import gaussian_filter, map_coordinates

SQUARINGS = 6
"""Number of squarings: 2**6 steps, each much shorter than a lattice cell."""


def smooth_field(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Draw Gaussian noise smoothed by ``sigma`` voxels, with standard deviation 1, as float32."""
    pad = int(np.ceil(2 * sigma))
    noise = rng.standard_normal([n + 2 * pad for n in shape], dtype=np.float32)
    smooth = gaussian_filter(noise, sigma, mode='constant')
    smooth = smooth[tuple(slice(pad, pad + n) for n in shape)]
    # Scale by the analytic deviation, not the sample's, so that small fields keep their mean.
    return smooth * np.float32((2 * np.sqrt(np.pi) * sigma) ** (len(shape) / 2))


def periodic_field(rng: np.random.Generator, size: int, sigma: tuple[float, ...]) -> np.ndarray:
    """Draw a periodic cube of smooth noise, with mean 0 and standard deviation 1.

    ``size`` is its edge length, and ``sigma`` the smoothing along each axis, voxels.
    """
    spectrum = rfftn(rng.standard_normal((size,) * 3, dtype=np.float32))
    for axis, width in enumerate(sigma):
        frequency = np.fft.rfftfreq(size) if axis == 2 else np.fft.fftfreq(size)
        shape = [1, 1, 1]
        shape[axis] = -1
        decay = np.exp(-2 * (np.pi * width * frequency) ** 2).astype(np.float32)
        spectrum *= decay.reshape(shape)
    field = irfftn(spectrum, s=(size,) * 3)
    field -= field.mean()
    return (field / field.std()).astype(np.float32)


def exponentiate(velocity: np.ndarray, spacing: float) -> np.ndarray:
    """Integrate a stationary velocity field to the displacement after unit time, as float32.

    This uses scaling and squaring (Arsigny et al. 2006, MICCAI). Both fields are (3, x, y, z)
    arrays, in mm (per unit time), on a lattice with ``spacing`` in mm.
    """
    index = np.indices(velocity.shape[1:], dtype=np.float32)
    displacement = velocity.astype(np.float32) / (spacing * 2**SQUARINGS)
    for _ in range(SQUARINGS):
        position = index + displacement
        displacement = displacement + np.stack(
            [map_coordinates(axis, position, order=1, mode='nearest') for axis in displacement]
        )
    return displacement * np.float32(spacing)


def stretch(lattice: np.ndarray, shape: tuple[int, ...], step: tuple[float, ...]) -> np.ndarray:
    """Interpolate a coarse lattice linearly to every voxel of a grid, axis by axis.

    Parameters
    ----------
    lattice : array
        Values at voxels 0, step, 2·step, … along the last ``len(shape)`` axes.
    shape : tuple of int
        Shape of the grid.
    step : tuple of float
        Spacing of lattice points along each axis, voxels.

    Returns
    -------
    array of float32

    """
    out = np.asarray(lattice, dtype=np.float32)
    first = out.ndim - len(shape)
    for axis, (n, width) in enumerate(zip(shape, step, strict=True), start=first):
        # For lattices this small, a dense matrix is fastest.
        weights = _interpolation(n, out.shape[axis], width)
        before, after = out.shape[:axis], out.shape[axis + 1 :]
        flat = out.reshape(int(np.prod(before)), out.shape[axis], int(np.prod(after)))
        out = (weights @ flat).reshape(*before, n, *after)
    return out


def _interpolation(n: int, points: int, step: float) -> np.ndarray:
    position = np.arange(n) / step
    low = np.minimum(position.astype(int), points - 2)
    weights = np.zeros((n, points), dtype=np.float32)
    weights[np.arange(n), low] = 1 - (position - low)
    weights[np.arange(n), low + 1] = position - low
    return weights


def sample_function(
    function: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, int, int],
    affine: np.ndarray,
    spacing: float,
) -> np.ndarray:
    """Evaluate a smooth function of position on a grid, by interpolation on a coarse lattice.

    The function maps (3, …) arrays in mm to (…) or (c, …) arrays. The lattice spacing, in mm, must
    be much shorter than its features. Returns a (…, x, y, z) array of float32.
    """
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    step = np.maximum(1.0, spacing / sizes)
    counts = [int(np.ceil((n - 1) / s)) + 2 for n, s in zip(shape, step, strict=True)]
    index = np.indices(counts, dtype=float) * step.reshape(3, 1, 1, 1)
    points = np.tensordot(affine[:3, :3], index, 1) + affine[:3, 3].reshape(3, 1, 1, 1)
    return stretch(function(points), shape, tuple(step))
