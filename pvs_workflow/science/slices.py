"""Choose three axial slices and cut six hemisphere images from them."""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import map_coordinates

from pvs_workflow.errors import ImageError

IMAGE_SHAPE = (80, 96)
"""Shape of an image, left–right × back–front (Chae et al. 2024, section 2.3)."""

FIELD_OF_VIEW = (45.8, 55.0)
"""Field of view of an image, left–right × back–front, mm: 80 × 96 pixels of 0.573 mm."""

N_SLICES = 3
HEMISPHERES = {'L': 1, 'R': 2}
"""Values of the person's left and right hemisphere in the ROI label image."""


@dataclass(frozen=True)
class View:
    """Position of one of the six images in the canonical slab volume.

    Attributes
    ----------
    hemisphere : {'L', 'R'}
    slice_index : int
        Index along the third axis, 0 at the bottom.
    rank : int
        Rank among the three slices, 1 for the lowest.
    centre : (float, float)
        Voxel coordinates of the image's centre, left–right and back–front.

    """

    hemisphere: str
    slice_index: int
    rank: int
    centre: tuple[float, float]


def choose_slices(areas: np.ndarray) -> int:
    """Return the first of the three contiguous slices with the largest total area.

    Ties are resolved towards the inferior slices.

    Parameters
    ----------
    areas : (z,) array
        ROI area of each slice in both hemispheres, from inferior to superior, in any unit.

    Returns
    -------
    int
        Index of the lowest of the three.

    Raises
    ------
    ImageError
        If there are fewer than three slices, or no slice contains ROI.

    Examples
    --------
    >>> choose_slices(np.array([0, 4, 9, 9, 4, 0]))
    1

    """
    areas, n = np.asarray(areas), N_SLICES
    if areas.size < n:
        raise ImageError(
            f'it has {areas.size} axial slices after averaging thin ones; give a T2w with at '
            f'least {n}'
        )
    # Integer sums, so that ties are exact.
    totals = np.array([areas[start : start + n].sum() for start in range(areas.size - n + 1)])
    if not totals.max() > 0:
        raise ImageError(
            f'its field of view does not show the basal ganglia; at least {n} axial slices '
            'through them are needed'
        )
    return int(totals.argmax())


def find_views(roi: np.ndarray) -> list[View]:
    """Return the positions of the six images: the three slices with most ROI, both hemispheres.

    The three images of a hemisphere are centred on its ROI. The centre lies half-way between voxel
    centres, so that voxels of the paper's size are copied unchanged.

    Parameters
    ----------
    roi : (x, y, z) array of int
        ROI in canonical order, 1 left and 2 right.

    Returns
    -------
    list of View
        Left then right, each from inferior to superior.

    Raises
    ------
    ImageError
        If the basal ganglia of either hemisphere are missing from the chosen slices.

    """
    first = choose_slices(np.count_nonzero(roi, axis=(0, 1)))
    views = []
    for hemisphere, value in HEMISPHERES.items():
        mask = roi[:, :, first : first + N_SLICES] == value
        if not mask.any():
            side = {'L': 'left', 'R': 'right'}[hemisphere]
            raise ImageError(
                f'its field of view does not show the {side} basal ganglia; both hemispheres '
                'are needed'
            )
        centre = roi_centre(mask)
        views += [View(hemisphere, first + rank, rank + 1, centre) for rank in range(N_SLICES)]
    return views


def roi_centre(mask: np.ndarray) -> tuple[float, float]:
    """Return the in-plane centre of a mask, half-way between voxel centres.

    Parameters
    ----------
    mask : (x, y, z) array of bool

    Returns
    -------
    x, y : float
        Voxel coordinates.

    """
    x, y, _ = np.nonzero(mask)
    return float(np.round(x.mean() - 0.5) + 0.5), float(np.round(y.mean() - 0.5) + 0.5)


def cut_image(volume: np.ndarray, affine: np.ndarray, view: View, order: int = 1) -> np.ndarray:
    """Cut one hemisphere image from a canonical slab volume.

    Parameters
    ----------
    volume : (x, y, z) array
    affine : (4, 4) array
        Only its in-plane voxel sizes are used.
    view : View
    order : {0, 1}
        1 bilinear, 0 nearest neighbour (labels).

    Returns
    -------
    (80, 96) array of float32
        Left–right × back–front; 0 outside the volume.

    """
    coordinates = [
        centre + (np.arange(n) - (n - 1) / 2) * step
        for centre, n, step in zip(view.centre, IMAGE_SHAPE, _steps(affine), strict=True)
    ]
    plane = np.asarray(volume[:, :, view.slice_index], dtype=np.float32)
    return map_coordinates(
        plane, np.meshgrid(*coordinates, indexing='ij'), order=order, mode='constant', cval=0.0
    ).astype(np.float32)


def paste_image(
    image: np.ndarray, shape: tuple[int, int], affine: np.ndarray, view: View, order: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Paste an image into an axial slice, the inverse of :func:`cut_image`.

    Parameters
    ----------
    image : (80, 96) array
    shape : tuple of 2 int
        Shape of the slice.
    affine : (4, 4) array
        Only its in-plane voxel sizes are used.
    view : View
    order : {0, 1}
        1 bilinear, 0 nearest neighbour (labels).

    Returns
    -------
    values : ``shape`` array of float32
    inside : ``shape`` array of bool
        Pixels of the slice that the image covers.

    """
    steps = _steps(affine)
    pixels = [
        (np.arange(size) - centre) / step + (n - 1) / 2
        for size, centre, step, n in zip(shape, view.centre, steps, IMAGE_SHAPE, strict=True)
    ]
    grid = np.meshgrid(*pixels, indexing='ij')
    inside = np.logical_and.reduce(
        [(axis > -0.5) & (axis < n - 0.5) for axis, n in zip(grid, IMAGE_SHAPE, strict=True)]
    )
    values = map_coordinates(np.asarray(image, np.float32), grid, order=order, mode='nearest')
    return np.where(inside, values, 0).astype(np.float32), inside


def _steps(affine: np.ndarray) -> np.ndarray:
    """Return the size of a pixel in voxels; sizes within 0.5 % of 1 become 1 (no resampling)."""
    scale = np.array(FIELD_OF_VIEW) / IMAGE_SHAPE / voxel_sizes(affine)[:2]
    return np.where(np.abs(scale - 1) < 0.005, 1.0, scale)
