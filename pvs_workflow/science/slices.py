"""Which three slices, and the six hemisphere images that are cut from them."""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import map_coordinates

from pvs_workflow.errors import ImageError

IMAGE_SHAPE = (80, 96)
"""Pixels of one image, left–right × back–front (Chae et al. 2024, section 2.3)."""

FIELD_OF_VIEW = (45.8, 55.0)
"""Millimetres that one image covers, left–right × back–front: 80 × 96 at 0.573 mm."""

N_SLICES = 3
HEMISPHERES = {'L': 1, 'R': 2}
"""A person's own left and right, and their values in the ROI label image."""


@dataclass(frozen=True)
class View:
    """Where one of the six images lies in the canonical slab volume.

    Attributes
    ----------
    hemisphere : {'L', 'R'}
    slice_index : int
        Along the third axis, 0 at the bottom.
    rank : int
        1 for the lowest of the three slices.
    centre : (float, float)
        Voxel coordinates of the image's centre, left–right and back–front.

    """

    hemisphere: str
    slice_index: int
    rank: int
    centre: tuple[float, float]


def choose_slices(areas: np.ndarray) -> int:
    """Return the first of the three contiguous slices with the largest total area.

    Ties go to the inferior slices.

    Parameters
    ----------
    areas : (z,) array
        ROI area of each slice, from the bottom, both hemispheres together.

    Raises
    ------
    ImageError
        If there are fewer than three slices, or none of them holds any ROI.

    Examples
    --------
    >>> choose_slices(np.array([0, 4, 9, 9, 4, 0]))
    1

    """
    areas, n = np.asarray(areas), N_SLICES
    if areas.size < n:
        raise ImageError(
            f'it has {areas.size} axial slices or slabs, expected at least {n}'
            ' (after thin slices are averaged)'
        )
    # Integers stay integers here, so that a tie is a tie.
    totals = np.array([areas[start : start + n].sum() for start in range(areas.size - n + 1)])
    if not totals.max() > 0:
        raise ImageError(
            'its field of view does not show the basal ganglia, expected them in at least '
            f'{n} axial slices'
        )
    return int(totals.argmax())


def find_views(roi: np.ndarray) -> list[View]:
    """Place the six images: three slices with most ROI, each hemisphere's centre of ROI.

    The centre is common to a hemisphere's three images and lies half-way between voxel
    centres, so that at the paper's pixel size cutting copies voxels unchanged.

    Parameters
    ----------
    roi : (x, y, z) array of int
        1 left, 2 right hemisphere, canonical order.

    Returns
    -------
    list of View
        Left then right, each from the bottom up.

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
                f'its field of view does not show the {side} basal ganglia, expected both'
                ' hemispheres'
            )
        centre = roi_centre(mask)
        views += [View(hemisphere, first + rank, rank + 1, centre) for rank in range(N_SLICES)]
    return views


def roi_centre(mask: np.ndarray) -> tuple[float, float]:
    """Return the centre of an (x, y, z) mask in plane, half-way between voxel centres."""
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
    """Put one image back into its axial slice of a shape: the reverse of :func:`cut_image`.

    Returns
    -------
    values : ``shape`` array of float32
    inside : ``shape`` array of bool
        Where the slice is covered by the image.

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
    """Return a pixel's size in voxels; within 0.5 % of one it is one: nothing to resample."""
    scale = np.array(FIELD_OF_VIEW) / IMAGE_SHAPE / voxel_sizes(affine)[:2]
    return np.where(np.abs(scale - 1) < 0.005, 1.0, scale)
