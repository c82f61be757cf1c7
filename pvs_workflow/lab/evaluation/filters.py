"""Filters that Chae et al. 2024 compare the network with (section 2.7), and Frangi's filter.

Each filter takes an (80, 96) array in [0, 1] and returns one of float32 in [0, 1]. The input is
*not* blanked outside the ROI, so that no artificial border is enhanced; the result may be blanked
afterwards. The paper names the filters but not their parameters. Those used here suit ePVS of one
to three millimetres at 0.573 mm per pixel.
"""

import numpy as np

DEEP = 'deep'
"""Name of the network's enhancement, which is compared with the filters."""

TOPHAT_RADIUS = 3
"""Radius of the disc, pixels: structures narrower than 7 pixels (4 mm) are enhanced."""

CLAHE_TILES = 8
"""Number of contextual regions along each side (Zuiderveld 1994; the usual default)."""

CLAHE_CLIP = 0.01
"""Maximum share of a region's pixels with the same grey value before clipping (usual default)."""

FRANGI_SIGMAS = (1.0, 1.5, 2.0)
"""Scales, pixels; ePVS are 2 to 6 pixels wide."""

FRANGI_BETA = 2.0
"""Blobness sensitivity: the usual 0.5 would suppress round dots (tubes seen end-on) to 1/8."""

FRANGI_GAMMA = 0.05
"""Curvature that counts as structure, per squared pixel. The usual value is half the image's
maximum; a fixed one avoids enhancing the noise of images without ePVS."""


def no_filter(image: np.ndarray) -> np.ndarray:
    """Return an unchanged copy of the image as float32."""
    return _check_image(image).copy()


def top_hat(image: np.ndarray) -> np.ndarray:
    """Add the white top-hat to the image and halve the sum, to enhance small bright structures.

    The white top-hat is the image minus its grey opening (Serra 1982), here with a disc. It never
    exceeds the image, so that half the sum is in [0, 1] without clipping.
    """
    from scipy.ndimage import white_tophat
    from skimage.morphology import disk

    image = _check_image(image)
    return _clip((image + white_tophat(image, footprint=disk(TOPHAT_RADIUS))) / 2)


def clahe(image: np.ndarray) -> np.ndarray:
    """Apply contrast-limited adaptive histogram equalisation (Zuiderveld 1994).

    The image is first rescaled to its own range; a constant image is returned unchanged.
    """
    from skimage.exposure import equalize_adapthist

    image = _check_image(image)
    if not np.ptp(image) > 0:
        return image.copy()
    tiles = tuple(max(size // CLAHE_TILES, 1) for size in image.shape)
    return _clip(equalize_adapthist(image, kernel_size=tiles, clip_limit=CLAHE_CLIP))


def laplacian(image: np.ndarray) -> np.ndarray:
    """Subtract the Laplacian of the four neighbours and halve the result, to sharpen the image.

    See Gonzalez & Woods, *Digital Image Processing*, section 3.6. Halving prevents clipping of
    sharpened ePVS.
    """
    from scipy.ndimage import laplace

    image = _check_image(image)
    return _clip((image - laplace(image, mode='nearest')) / 2)


def frangi_filter(image: np.ndarray) -> np.ndarray:
    """Add Frangi's vesselness to the image and halve the sum.

    Frangi et al. 1998, MICCAI, 130–137, equation 15, maximum over three scales. The vesselness is
    added as the ePVS mask is in the network's target. By itself it would be exactly zero between
    vessels, without noise for a contrast-to-noise ratio.
    """
    from skimage.filters import frangi

    image = _check_image(image)
    vessels = frangi(
        image, FRANGI_SIGMAS, beta=FRANGI_BETA, gamma=FRANGI_GAMMA, black_ridges=False
    )
    return _clip((image + vessels) / 2)


FILTERS = {
    'none': no_filter,
    'tophat': top_hat,
    'clahe': clahe,
    'laplacian': laplacian,
    'frangi': frangi_filter,
}
"""Filters by name, in the order of the paper's tables."""

TITLES = {
    'none': 'none',
    'tophat': 'top-hat',
    'clahe': 'CLAHE',
    'laplacian': 'Laplacian',
    'frangi': 'Frangi',
    DEEP: 'deep (U-Net)',
}
"""Titles of all enhancements by name, in the order of tables and figures."""

METHODS = tuple(TITLES)
"""Names of all enhancements."""


def _check_image(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image, dtype=np.float32)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f'image must be 2D and not empty; its shape is {image.shape}')
    if not (np.isfinite(image).all() and 0 <= image.min() <= image.max() <= 1):
        raise ValueError('image values must be in [0, 1]')
    return image


def _clip(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 1).astype(np.float32)
