"""The enhancements that Chae et al. 2024 compare the network with (section 2.7), and Frangi's.

Each takes an (80, 96) array in [0, 1] that is *not* blanked outside the ROI, so that no artificial
border is enhanced, and gives one of float32 in [0, 1]; whoever needs a blanked image blanks
afterwards. The paper names the filters but not their parameters: those here suit ePVS of one to
three millimetres at 0.573 mm per pixel.
"""

import numpy as np
from scipy.ndimage import laplace, white_tophat
from skimage.exposure import equalize_adapthist
from skimage.filters import frangi
from skimage.morphology import disk

TOPHAT_RADIUS = 3
"""Pixels: what is narrower than 7 pixels, 4 mm, counts as small."""

CLAHE_TILES = 8
"""Contextual regions along each side (Zuiderveld 1994; the usual default)."""

CLAHE_CLIP = 0.01
"""Share of a region's pixels that one grey may take before it is clipped (usual default)."""

FRANGI_SIGMAS = (1.0, 1.5, 2.0)
"""Pixels; ePVS are 2 to 6 pixels wide."""

FRANGI_BETA = 2.0
"""A tube seen end on is a round dot, which Frangi's usual 0.5 would suppress to an eighth."""

FRANGI_GAMMA = 0.05
"""Curvature per squared pixel that counts as structure. A fixed one, and not half of the image's
own largest as is usual, so that an image without ePVS does not have its noise enhanced."""


def no_filter(image: np.ndarray) -> np.ndarray:
    """Return the image as it is, as float32."""
    return _checked(image).copy()


def top_hat(image: np.ndarray) -> np.ndarray:
    """Add to the image what is bright and small in it, and halve the sum.

    The white top-hat is the image minus its grey opening (Serra 1982), here by a disc; it never
    exceeds the image, so that half of the sum stays in [0, 1] without clipping.
    """
    image = _checked(image)
    return _bounded((image + white_tophat(image, footprint=disk(TOPHAT_RADIUS))) / 2)


def clahe(image: np.ndarray) -> np.ndarray:
    """Equalise the histogram of each region, with limited contrast (Zuiderveld 1994).

    The image is stretched to its own range first; one of a single grey stays as it is.
    """
    image = _checked(image)
    if not np.ptp(image) > 0:
        return image.copy()
    tiles = tuple(max(size // CLAHE_TILES, 1) for size in image.shape)
    return _bounded(equalize_adapthist(image, kernel_size=tiles, clip_limit=CLAHE_CLIP))


def laplacian(image: np.ndarray) -> np.ndarray:
    """Sharpen by subtracting the Laplacian of the four neighbours, and halve the result.

    Gonzalez & Woods, *Digital Image Processing*, section 3.6. Halving leaves room above, so that
    sharpened ePVS are not clipped.
    """
    image = _checked(image)
    return _bounded((image - laplace(image, mode='nearest')) / 2)


def frangi_filter(image: np.ndarray) -> np.ndarray:
    """Add to the image how much each pixel looks like a vessel, and halve the sum.

    Frangi et al. 1998, MICCAI, 130–137, equation 15, the largest of three scales. The measure
    takes the place that the ePVS mask has in the network's target: alone it would be exactly
    zero between vessels, and without any noise to compare with.
    """
    image = _checked(image)
    vessels = frangi(
        image, FRANGI_SIGMAS, beta=FRANGI_BETA, gamma=FRANGI_GAMMA, black_ridges=False
    )
    return _bounded((image + vessels) / 2)


METHODS = {
    'none': no_filter,
    'tophat': top_hat,
    'clahe': clahe,
    'laplacian': laplacian,
    'frangi': frangi_filter,
}
"""The enhancements by name, in the order of the paper's tables."""


def _checked(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image, dtype=np.float32)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f'image must have two dimensions and a pixel, received {image.shape}')
    if not (np.isfinite(image).all() and 0 <= image.min() <= image.max() <= 1):
        raise ValueError('image must lie in [0, 1]')
    return image


def _bounded(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 1).astype(np.float32)
