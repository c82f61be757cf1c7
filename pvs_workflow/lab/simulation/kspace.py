"""What recording does to a slice: point spread, k-space truncation, motion ripples, noise."""

import numpy as np
from scipy.fft import fft, ifft
from scipy.ndimage import gaussian_filter1d


def blur_in_plane(volume: np.ndarray, blur: tuple[float, float]) -> np.ndarray:
    """Apply the in-plane point spread, a Gaussian of ``blur`` pixels along each axis."""
    for axis, width in enumerate(blur):
        if width > 0:
            volume = gaussian_filter1d(volume, width, axis=axis, mode='nearest', truncate=3.0)
    return volume


def truncate(image: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """Keep the central share of k-space along both in-plane axes, and fill the rest with zeros.

    The (x, y, …) image is real or complex, the result complex64. Shares lie in (0, 1]; 1 keeps an
    axis as it is.
    """
    out = image.astype(np.complex64)
    for axis, share in enumerate(shares):
        if share >= 1:
            continue
        frequency = np.abs(np.fft.fftfreq(image.shape[axis])) * 2 / share
        # The mild filter that scanners apply by default: flat, then a short cosine edge.
        kept = np.clip((1.08 - frequency) / 0.16, 0, 1)
        kept = 0.5 - 0.5 * np.cos(np.pi * kept)
        shape = [1] * image.ndim
        shape[axis] = -1
        out = ifft(fft(out, axis=axis) * kept.reshape(shape).astype(np.float32), axis=axis)
    return out


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
    truncation: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Return the magnitude of a signal with complex Gaussian noise (Rician).

    Parameters
    ----------
    rng : numpy.random.Generator
    signal : (x, y, …) array
    deviation : float
        Of the real and of the imaginary noise (Gudbjartsson and Patz 1995).
    correlation : (float, float)
        Smoothing of the noise in plane, in pixels; its deviation stays as asked.
    truncation : (float, float)
        Share of k-space that was read (:func:`truncate`), of signal and noise alike.

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
