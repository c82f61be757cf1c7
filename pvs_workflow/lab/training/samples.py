"""Training images from a BIDS dataset and its masks or ratings, cut as the app cuts them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import distance_transform_edt
from skimage.measure import label

from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.nifti import read_nifti
from pvs_workflow.lab.simulation.plates import crop_around, view_around
from pvs_workflow.lab.training.rated_scans import (
    RATERS,
    Counts,
    RatedScan,
    Ratings,
    are_alike,
    find_rated_scans,
)
from pvs_workflow.science.geometry import check_affine, to_canonical
from pvs_workflow.science.slabs import (
    average_slabs,
    central_slice,
    slab_affine,
    slab_labels,
    slices_per_slab,
)
from pvs_workflow.science.slices import (
    HEMISPHERES,
    View,
    cut_image,
    find_views,
)

MIN_AREA = 150.0
"""Square millimetres of ROI from which a hemisphere's slice becomes a training image."""


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
    depth : (x, y) array of float32
        Pixels from the ROI's border, as :func:`roi_depth`.
    rated : float, optional
        The count that raters gave, where there is no mask of the ePVS.

    """

    participant: str
    view: View
    chosen: bool
    plane: np.ndarray
    roi: np.ndarray
    labels: np.ndarray
    affine: np.ndarray
    depth: np.ndarray
    rated: float | None = None

    @property
    def has_masks(self) -> bool:
        """Whether `labels` say where the ePVS are."""
        return self.rated is None

    @property
    def count(self) -> float:
        """The number of ePVS in this hemisphere of this slice; a mean of raters' may be broken."""
        return np.unique(self.labels[self.labels > 0]).size if self.has_masks else self.rated

    def draw(self, rng: np.random.Generator) -> 'Sample':
        """Return the sample itself: a recorded image has no other exposures."""
        return self

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


def roi_depth(roi: np.ndarray) -> np.ndarray:
    """Return the distance to a ROI's border in pixels, positive inside, as (x, y) float32."""
    inside, outside = distance_transform_edt(roi), distance_transform_edt(~roi)
    # The border lies half-way between the last pixel in and the first one out.
    return np.where(roi, inside - 0.5, 0.5 - outside).astype(np.float32)


def read_samples(
    bids_dir: Path,
    derivatives: Path,
    masks: Path | None = None,
    ratings: Ratings | None = None,
) -> Iterator[Sample]:
    """Read every T2w of a dataset that has masks or ratings of its ePVS, as training images.

    Arguments are those of :func:`pvs_workflow.lab.training.rated_scans.find_rated_scans`.

    Raises
    ------
    NoInputError
        If no T2w with masks or ratings is found.
    ImageError
        If images of one participant are unreadable, not on one grid, or no masks.
    PVSError
        If ratings belong to no image.

    """
    for scan in find_rated_scans(Path(bids_dir), Path(derivatives), masks, ratings):
        yield from scan_samples(scan)


def scan_samples(scan: RatedScan) -> list[Sample]:
    """Read one T2w as training images: see :func:`read_samples`."""
    paths = [path for path in (scan.t2w, scan.roi, scan.masks) if path]
    try:
        images, arrays = zip(*map(read_nifti, paths), strict=True)
    except ImageError as error:
        raise ImageError(f'{scan.t2w} or its truth cannot be read: {error}') from error
    if any(
        image.shape != images[0].shape
        or not np.allclose(image.affine, images[0].affine, atol=1e-3)
        for image in images[1:]
    ):
        raise ImageError(
            f"the truth of {scan.t2w} lies on another grid, expected the T2w's shape and affine"
        )
    affine = images[0].affine
    if scan.masks is None:
        return volume_samples(scan.participant, *arrays, None, affine, rated=scan.rated)
    if not scan.masks.name.endswith(RATERS):
        return volume_samples(scan.participant, *arrays, affine)
    alike = are_alike(scan.masks, arrays[2])
    samples = volume_samples(scan.participant, *arrays, affine, alike=alike)
    # Raters may have looked at the six images only: an empty one beside them says nothing.
    return [sample for sample in samples if sample.chosen or sample.count]


def volume_samples(
    participant: str,
    t2w: np.ndarray,
    roi: np.ndarray,
    epvs: np.ndarray | None,
    affine: np.ndarray,
    min_area: float = MIN_AREA,
    alike: bool = False,
    rated: Counts | None = None,
) -> list[Sample]:
    """Cut one volume into training images.

    Parameters
    ----------
    participant : str
    t2w : (i, j, k) array
        In any voxel order.
    roi : (i, j, k) array of int
        1 left, 2 right.
    epvs : (i, j, k) array of int or None
        Each ePVS its own integer.
    affine : (4, 4) array
    min_area : float
        Square millimetres of ROI that an image needs.
    alike : bool
        Whether all ePVS have the same value: then pixels that touch in a slice (slab), also at
        a corner, are one.
    rated : mapping of (hemisphere, stored slice) to float, optional
        Counts instead of ``epvs``; images without one are left out.

    Returns
    -------
    list of Sample
        The images that inference would choose, and all others with enough ROI. An ePVS belongs
        to the hemisphere whose ROI holds at least half of its pixels in the slice.

    Raises
    ------
    ImageError
        If the affine is unusable, or there is no image for a count.

    """
    check_affine(affine)
    epvs = np.zeros(np.shape(roi), np.uint8) if epvs is None else epvs
    (t2w, grid, storage), (roi, _, _), (epvs, _, _) = (
        to_canonical(np.asarray(data), affine) for data in (t2w, roi, epvs)
    )
    n = slices_per_slab(grid)
    t2w, roi, epvs = average_slabs(t2w, n), slab_labels(roi, n), slab_labels(epvs, n)
    if alike:
        epvs = np.stack([label(plane > 0, connectivity=2) for plane in np.moveaxis(epvs, 2, 0)], 2)
    grid = slab_affine(grid, n)
    chosen = {(view.hemisphere, view.slice_index): view for view in find_views(roi)}
    stored = {z: storage.slice_index(central_slice(z, n)) for z in range(roi.shape[2])}
    found = {}
    for hemisphere, z in _places(roi, grid, chosen, min_area):
        half = roi == HEMISPHERES[hemisphere]
        view = chosen.get((hemisphere, z)) or view_around(half, hemisphere, z)
        labels = _hemisphere_labels(epvs[:, :, z], half[:, :, z])
        planes = (t2w[:, :, z], half[:, :, z], labels)
        sample = _crop(participant, view, (hemisphere, z) in chosen, planes, grid)
        found[hemisphere, stored[z]] = sample
    return list(found.values()) if rated is None else _rated(participant, found, rated)


def _places(roi, grid, chosen, min_area: float) -> Iterator[tuple[str, int]]:
    """Yield hemisphere and slice of each image."""
    pixel_area = float(np.prod(voxel_sizes(grid)[:2]))
    for hemisphere, value in HEMISPHERES.items():
        areas = np.count_nonzero(roi == value, axis=(0, 1)) * pixel_area
        for z in range(roi.shape[2]):
            if (hemisphere, z) in chosen or areas[z] >= min_area:
                yield hemisphere, z


def _rated(participant: str, found: dict[tuple[str, int], Sample], rated: Counts) -> list[Sample]:
    """Keep the images that were rated, in their order."""
    for hemisphere, index in rated:
        if (hemisphere, index) not in found:
            known = ', '.join(str(z) for side, z in sorted(found) if side == hemisphere)
            raise ImageError(
                f'the ratings of participant {participant} have a slice that shows too little '
                f'of the basal ganglia, expected slice {known} (hemisphere {hemisphere}, index in '
                f'the T2w as stored, from 0), received {index}'
            )
    return [replace(sample, rated=rated[at]) for at, sample in found.items() if at in rated]


def _hemisphere_labels(epvs: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return the ePVS of one slice that lie mostly in one hemisphere's ROI."""
    out = np.zeros(epvs.shape, np.int16)
    kept = 0
    for value in np.unique(epvs[epvs > 0]):
        pixels = epvs == value
        inside = half[pixels]
        if np.count_nonzero(inside) * 2 >= inside.size:
            kept += 1
            out[pixels] = kept
    return out


def _crop(participant, view: View, chosen: bool, planes, grid: np.ndarray) -> Sample:
    """Keep the surroundings of an image; beyond the slice's edge there is nothing, as in it."""
    sizes = voxel_sizes(grid)
    crop, _, place = crop_around(view, sizes)
    image, roi, labels = (
        crop(plane).astype(kind)[..., np.newaxis]
        for plane, kind in zip(planes, (np.float32, bool, np.int16), strict=True)
    )
    return Sample(
        participant=participant,
        view=place,
        chosen=chosen,
        plane=image,
        roi=roi,
        labels=labels,
        affine=np.diag([*sizes, 1.0]),
        depth=roi_depth(roi[..., 0]),
    )
