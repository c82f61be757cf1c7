"""Acquisition effects: point spread, k-space truncation, motion ripples and noise."""

import numpy as np
from scipy.fft import fft, ifft
from scipy.ndimage import gaussian_filter1d


def blur_in_plane(volume: np.ndarray, blur: tuple[float, float]) -> np.ndarray:
    """Apply the in-plane point spread, a Gaussian of ``blur`` pixels along both axes."""
    for axis, width in enumerate(blur):
        if width > 0:
            volume = gaussian_filter1d(volume, width, axis=axis, mode='nearest', truncate=3.0)
    return volume


def truncate(image: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """Keep the central share of k-space along both in-plane axes, and set the rest to zero.

    The (x, y, …) image is real or complex, the result complex64. Shares lie in (0, 1]; 1 leaves
    an axis unchanged.
    """
    out = image.astype(np.complex64)
    for axis, share in enumerate(shares):
        if share >= 1:
            continue
        frequency = np.abs(np.fft.fftfreq(image.shape[axis])) * 2 / share
        # Scanners apply a mild filter by default: flat, with a short cosine edge.
        window = np.clip((1.08 - frequency) / 0.16, 0, 1)
        window = 0.5 - 0.5 * np.cos(np.pi * window)
        shape = [1] * image.ndim
        shape[axis] = -1
        out = ifft(fft(out, axis=axis) * window.reshape(shape).astype(np.float32), axis=axis)
    return out


def add_ripples(rng: np.random.Generator, signal: np.ndarray, strength: float) -> np.ndarray:
    """Add the ripples of movement during a scan: faint displaced copies along phase encoding.

    The k-space lines of each slice get small random phases, as from jerks of the head. Their
    strength varies between slices, which are acquired at different times.

    Parameters
    ----------
    rng : numpy.random.Generator
    signal : (x, y, z) array
        Signal; phase encoding runs left–right.
    strength : float
        Mean scale of the phases over slices, radians. It is limited to twice that, so that all
        slices stay readable.

    """
    spectrum = fft(signal.astype(np.complex64), axis=0)
    n = signal.shape[0]
    scale = strength * np.minimum(rng.exponential(1.0, signal.shape[2]), 2)
    phases = rng.standard_normal((n, 1, signal.shape[2])) * scale
    # Central lines are acquired together; their phases would change the whole contrast.
    phases[np.abs(np.fft.fftfreq(n)) < 0.02] = 0
    spectrum *= np.exp(1j * phases).astype(np.complex64)
    return np.abs(ifft(spectrum, axis=0)).astype(np.float32)


def add_noise(
    rng: np.random.Generator,
    signal: np.ndarray,
    deviation: float,
    correlation: tuple[float, float] = (0.0, 0.0),
    truncation: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Return the magnitude of a signal with complex Gaussian noise (Rician).

    Parameters
    ----------
    rng : numpy.random.Generator
    signal : (x, y, …) array
    deviation : float
        Standard deviation of the real and imaginary noise (Gudbjartsson and Patz 1995).
    correlation : (float, float)
        In-plane smoothing of the noise, pixels; its deviation does not change.
    truncation : (float, float)
        Share of k-space that is acquired, for signal and noise (:func:`truncate`).

    Returns
    -------
    array of float32

    """
    parts = []
    for _ in range(2):
        noise = rng.standard_normal(signal.shape, dtype=np.float32)
        if max(correlation) > 0:
            noise = blur_in_plane(noise, correlation)
        parts.append(noise)
    if min(truncation) < 1:
        noise = truncate(parts[0] + 1j * parts[1], truncation)
        noise *= np.float32(deviation / noise.real.std())
        return np.abs(truncate(signal, truncation) + noise).astype(np.float32)
    parts = [part * np.float32(deviation / part.std()) for part in parts]
    return np.hypot(signal + parts[0], parts[1])
