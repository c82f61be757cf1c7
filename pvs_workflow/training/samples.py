"""Training images from a BIDS dataset and its truth, cut as the app cuts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import distance_transform_edt

from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.science.geometry import check_affine, to_canonical
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab
from pvs_workflow.science.slices import (
    FIELD_OF_VIEW,
    HEMISPHERES,
    N_SLICES,
    View,
    cut_image,
    find_views,
)

MIN_AREA = 150.0
"""Square millimetres of ROI from which a hemisphere's slice becomes a training image."""

MARGIN_MM = 10.0
"""Kept around an image's field of view, so that rotating it brings in real tissue."""


@dataclass(frozen=True)
class Sample:
    """One hemisphere of one slice, with room around the image that is cut from it.

    Attributes
    ----------
    participant : str
        As in the dataset, without ``sub-``.
    view : View
        Where the image lies in ``plane``; its slice index is 0.
    chosen : bool
        Whether inference would use it: one of the six images of a person.
    plane : (x, y, 1) array of float32
        T2w intensities, canonical order.
    roi : (x, y, 1) array of bool
        This hemisphere's basal ganglia.
    labels : (x, y, 1) array of int16
        This hemisphere's ePVS, one integer each.
    affine : (4, 4) array
        Only its voxel sizes have a meaning.

    """

    participant: str
    view: View
    chosen: bool
    plane: np.ndarray
    roi: np.ndarray
    labels: np.ndarray
    affine: np.ndarray

    @property
    def count(self) -> int:
        """The number of ePVS in this hemisphere of this slice."""
        return np.unique(self.labels[self.labels > 0]).size

    @cached_property
    def depth(self) -> np.ndarray:
        """Pixels from the ROI's border, positive inside, as (x, y) float32."""
        roi = self.roi[..., 0]
        inside, outside = distance_transform_edt(roi), distance_transform_edt(~roi)
        # The border lies half-way between the last pixel in and the first one out.
        return np.where(roi, inside - 0.5, 0.5 - outside).astype(np.float32)

    def cut(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the image, its ROI and its labels, exactly as inference cuts them.

        Returns
        -------
        image : (80, 96) array of float32
        roi : (80, 96) array of bool
        labels : (80, 96) array of int16

        """
        return (
            cut_image(self.plane, self.affine, self.view),
            cut_image(self.roi, self.affine, self.view, order=0) > 0,
            cut_image(self.labels, self.affine, self.view, order=0).astype(np.int16),
        )


def read_samples(bids_dir: Path, derivatives: Path) -> Iterator[Sample]:
    """Read every T2w of a dataset that has a truth, as training images.

    Parameters
    ----------
    bids_dir : Path
    derivatives : Path
        Holds, for each T2w, ``*_space-T2w_desc-epvs_dseg.nii.gz`` (each ePVS its own integer)
        and ``*_space-T2w_desc-basalganglia_dseg.nii.gz`` (1 left, 2 right).

    Yields
    ------
    Sample

    Raises
    ------
    NoInputError
        If no T2w with a truth is found.
    ImageError
        If images of one participant are unreadable or not on one grid.

    """
    bids_dir, derivatives = Path(bids_dir), Path(derivatives)
    scans = sorted(path for path in bids_dir.glob('sub-*/**/*_T2w.nii.gz'))
    found = False
    for scan in scans:
        name = scan.name.removesuffix('_T2w.nii.gz')
        stem = derivatives / scan.relative_to(bids_dir).parent / name
        epvs = Path(f'{stem}_space-T2w_desc-epvs_dseg.nii.gz')
        roi = Path(f'{stem}_space-T2w_desc-basalganglia_dseg.nii.gz')
        if not (epvs.is_file() and roi.is_file()):
            continue
        found = True
        participant = scan.relative_to(bids_dir).parts[0].removeprefix('sub-')
        yield from _scan_samples(participant, scan, roi, epvs)
    if not found:
        raise NoInputError(
            f'{bids_dir} has nothing to train on, expected sub-*_T2w.nii.gz files with their '
            f'truth in {derivatives}, received {len(scans)} T2w images and no truth for them'
        )


def volume_samples(
    participant: str,
    t2w: np.ndarray,
    roi: np.ndarray,
    epvs: np.ndarray,
    affine: np.ndarray,
    min_area: float = MIN_AREA,
) -> list[Sample]:
    """Cut one volume into training images.

    Parameters
    ----------
    participant : str
    t2w : (i, j, k) array
        In any voxel order.
    roi : (i, j, k) array of int
        1 left, 2 right.
    epvs : (i, j, k) array of int
        Each ePVS its own integer.
    affine : (4, 4) array
    min_area : float
        Square millimetres of ROI that an image needs.

    Returns
    -------
    list of Sample
        The images that inference would choose, and all others with enough ROI. An ePVS belongs
        to the hemisphere whose ROI holds most of its pixels in the slice.

    """
    check_affine(affine)
    (t2w, grid, _), (roi, _, _), (epvs, _, _) = (
        to_canonical(np.asarray(data), affine) for data in (t2w, roi, epvs)
    )
    n = slices_per_slab(grid)
    t2w, roi, epvs = average_slabs(t2w, n), slab_labels(roi, n), slab_labels(epvs, n)
    grid = slab_affine(grid, n)
    chosen = {(view.hemisphere, view.slice_index): view for view in find_views(roi)}
    pixel_area = float(np.prod(voxel_sizes(grid)[:2]))
    out = []
    for hemisphere, value in HEMISPHERES.items():
        areas = np.count_nonzero(roi == value, axis=(0, 1)) * pixel_area
        for z in range(roi.shape[2]):
            view = chosen.get((hemisphere, z))
            if view is None and areas[z] < min_area:
                continue
            view = view or _view_around(roi == value, hemisphere, z)
            labels = _hemisphere_labels(epvs[:, :, z], roi[:, :, z], value)
            planes = (t2w[:, :, z], roi[:, :, z] == value, labels)
            out.append(_crop(participant, view, (hemisphere, z) in chosen, planes, grid))
    return out


def _scan_samples(participant: str, scan: Path, roi: Path, epvs: Path) -> list[Sample]:
    try:
        images = [nb.load(path) for path in (scan, roi, epvs)]
        arrays = [np.asanyarray(image.dataobj) for image in images]
    except (OSError, EOFError, ValueError, nb.filebasedimages.ImageFileError) as error:
        raise ImageError(f'{scan} or its truth cannot be read: {error}') from error
    if any(
        image.shape != images[0].shape
        or not np.allclose(image.affine, images[0].affine, atol=1e-3)
        for image in images[1:]
    ):
        raise ImageError(
            f"the truth of {scan} lies on another grid, expected the T2w's shape and affine"
        )
    return volume_samples(participant, *arrays, images[0].affine)


def _view_around(mask: np.ndarray, hemisphere: str, z: int) -> View:
    """Place an image that inference would not choose, by the rule of :func:`find_views`."""
    first = min(max(z - 1, 0), mask.shape[2] - N_SLICES)
    both = np.where(mask[:, :, first : first + N_SLICES], HEMISPHERES[hemisphere], 0)
    x, y, _ = np.nonzero(both)
    centre = (float(np.round(x.mean() - 0.5) + 0.5), float(np.round(y.mean() - 0.5) + 0.5))
    return View(hemisphere, z, 0, centre)


def _hemisphere_labels(epvs: np.ndarray, roi: np.ndarray, value: int) -> np.ndarray:
    """Return the ePVS of one slice that lie mostly in one hemisphere's ROI."""
    out = np.zeros(epvs.shape, np.int16)
    kept = 0
    for label in np.unique(epvs[epvs > 0]):
        pixels = epvs == label
        inside = roi[pixels]
        if np.count_nonzero(inside == value) * 2 > np.count_nonzero(inside):
            kept += 1
            out[pixels] = kept
    return out


def _crop(participant, view: View, chosen: bool, planes, grid: np.ndarray) -> Sample:
    """Keep the surroundings of an image; beyond the slice's edge there is nothing, as in it."""
    sizes = voxel_sizes(grid)
    half = np.ceil((np.array(FIELD_OF_VIEW) / 2 + MARGIN_MM) / sizes[:2]).astype(int) + 1
    corner = np.floor(view.centre).astype(int)
    window = tuple(slice(int(c), int(c + 2 * h + 1)) for c, h in zip(corner, half, strict=True))
    image, roi, labels = (
        np.pad(plane, [(h, h) for h in half])[window].astype(kind)[..., np.newaxis]
        for plane, kind in zip(planes, (np.float32, bool, np.int16), strict=True)
    )
    x, y = view.centre - corner + half
    moved = View(view.hemisphere, 0, view.rank, (float(x), float(y)))
    return Sample(participant, moved, chosen, image, roi, labels, np.diag([*sizes, 1.0]))
