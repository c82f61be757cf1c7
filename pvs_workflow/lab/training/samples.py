"""Cut training images from a BIDS dataset with ePVS masks or ratings, as the app does."""

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
    find_rated_scans,
    is_binary,
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
"""Minimum ROI area of a training image, mm²."""


@dataclass(frozen=True)
class Sample:
    """One hemisphere of one slice, with a margin around the image that is cut from it.

    Attributes
    ----------
    participant : str
        Label without ``sub-``.
    view : View
        Position of the image in ``plane``; its slice index is 0.
    chosen : bool
        Whether this is one of the six images of a person that inference uses.
    plane : (x, y, 1) array of float32
        T2w intensities in canonical order.
    roi : (x, y, 1) array of bool
        Basal ganglia of this hemisphere.
    labels : (x, y, 1) array of int16
        ePVS of this hemisphere, one integer each.
    affine : (4, 4) array
        Affine of which only the voxel sizes are meaningful.
    depth : (x, y) array of float32
        Distance from the ROI's border, see :func:`roi_depth`.
    rated : float, optional
        Count of the raters, for images without a mask.

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
        """True if `labels` contains the ePVS, False if only a count is known."""
        return self.rated is None

    @property
    def count(self) -> float:
        """Number of ePVS in the image; a mean of several raters may be fractional."""
        return np.unique(self.labels[self.labels > 0]).size if self.has_masks else self.rated

    def draw(self, rng: np.random.Generator) -> 'Sample':
        """Return the sample itself: a recorded image has only one exposure."""
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
    """Return the distance to an ROI's border in pixels, positive inside, as (x, y) float32."""
    inside, outside = distance_transform_edt(roi), distance_transform_edt(~roi)
    # The border lies halfway between the outermost ROI pixel and the next one.
    return np.where(roi, inside - 0.5, 0.5 - outside).astype(np.float32)


def read_samples(
    bids_dir: Path,
    derivatives: Path,
    masks: Path | None = None,
    ratings: Ratings | None = None,
) -> Iterator[Sample]:
    """Yield the training images of all T2w of a dataset that have ePVS masks or ratings.

    The parameters are those of :func:`pvs_workflow.lab.training.rated_scans.find_rated_scans`.

    Raises
    ------
    NoInputError
        If no T2w with masks or ratings is found.
    ImageError
        If images of a participant are unreadable, on different grids, or not valid masks.
    PVSError
        If ratings match no image.

    """
    for scan in find_rated_scans(Path(bids_dir), Path(derivatives), masks, ratings):
        yield from scan_samples(scan)


def scan_samples(scan: RatedScan) -> list[Sample]:
    """Return the training images of one T2w: see :func:`read_samples`."""
    paths = [path for path in (scan.t2w, scan.roi, scan.masks) if path]
    try:
        images, arrays = zip(*map(read_nifti, paths), strict=True)
    except ImageError as error:
        raise ImageError(f'cannot read {scan.t2w} or its ROI and masks: {error}') from error
    if any(
        image.shape != images[0].shape
        or not np.allclose(image.affine, images[0].affine, atol=1e-3)
        for image in images[1:]
    ):
        raise ImageError(
            f'the ROI or masks of {scan.t2w} are on another grid; resample them to the T2w'
        )
    affine = images[0].affine
    if scan.masks is None:
        return volume_samples(scan.participant, *arrays, None, affine, rated=scan.rated)
    if not scan.masks.name.endswith(RATERS):
        return volume_samples(scan.participant, *arrays, affine)
    binary = is_binary(scan.masks, arrays[2])
    samples = volume_samples(scan.participant, *arrays, affine, binary=binary)
    # Raters may have drawn only on the six images: other empty images may be unrated.
    return [sample for sample in samples if sample.chosen or sample.count]


def volume_samples(
    participant: str,
    t2w: np.ndarray,
    roi: np.ndarray,
    epvs: np.ndarray | None,
    affine: np.ndarray,
    min_area: float = MIN_AREA,
    binary: bool = False,
    rated: Counts | None = None,
) -> list[Sample]:
    """Cut one volume into training images.

    Parameters
    ----------
    participant : str
    t2w : (i, j, k) array
        T2w in any voxel order.
    roi : (i, j, k) array of int
        Basal ganglia: 1 left, 2 right.
    epvs : (i, j, k) array of int or None
        ePVS, one integer each.
    affine : (4, 4) array
    min_area : float
        Minimum ROI area of an image, mm².
    binary : bool
        Whether all ePVS have the same value: pixels that touch in a slice (or slab), including
        at a corner, are then one ePVS.
    rated : mapping of (hemisphere, stored slice) to float, optional
        Counts instead of ``epvs``; images without a count are omitted.

    Returns
    -------
    list of Sample
        The images that inference would choose, and all others with enough ROI. An ePVS belongs
        to the hemisphere whose ROI contains at least half of its pixels in the slice.

    Raises
    ------
    ImageError
        If the affine is invalid, or a count belongs to no image.

    """
    check_affine(affine)
    epvs = np.zeros(np.shape(roi), np.uint8) if epvs is None else epvs
    (t2w, grid, storage), (roi, _, _), (epvs, _, _) = (
        to_canonical(np.asarray(data), affine) for data in (t2w, roi, epvs)
    )
    n = slices_per_slab(grid)
    t2w, roi, epvs = average_slabs(t2w, n), slab_labels(roi, n), slab_labels(epvs, n)
    if binary:
        epvs = np.stack([label(plane > 0, connectivity=2) for plane in np.moveaxis(epvs, 2, 0)], 2)
    grid = slab_affine(grid, n)
    chosen = {(view.hemisphere, view.slice_index): view for view in find_views(roi)}
    stored = {z: storage.slice_index(central_slice(z, n)) for z in range(roi.shape[2])}
    samples = {}
    for hemisphere, z in _image_slices(roi, grid, chosen, min_area):
        half = roi == HEMISPHERES[hemisphere]
        view = chosen.get((hemisphere, z)) or view_around(half, hemisphere, z)
        labels = _hemisphere_labels(epvs[:, :, z], half[:, :, z])
        planes = (t2w[:, :, z], half[:, :, z], labels)
        sample = _crop(participant, view, (hemisphere, z) in chosen, planes, grid)
        samples[hemisphere, stored[z]] = sample
    return list(samples.values()) if rated is None else _add_ratings(participant, samples, rated)


def _image_slices(roi, grid, chosen, min_area: float) -> Iterator[tuple[str, int]]:
    """Yield hemisphere and slice of each image."""
    pixel_area = float(np.prod(voxel_sizes(grid)[:2]))
    for hemisphere, value in HEMISPHERES.items():
        areas = np.count_nonzero(roi == value, axis=(0, 1)) * pixel_area
        for z in range(roi.shape[2]):
            if (hemisphere, z) in chosen or areas[z] >= min_area:
                yield hemisphere, z


def _add_ratings(
    participant: str, samples: dict[tuple[str, int], Sample], rated: Counts
) -> list[Sample]:
    """Return the samples that were rated, with their ratings."""
    for hemisphere, index in rated:
        if (hemisphere, index) not in samples:
            usable = ', '.join(str(z) for side, z in sorted(samples) if side == hemisphere)
            raise ImageError(
                f'participant {participant}: rated slice {index} (hemisphere {hemisphere}) shows '
                f'too little of the basal ganglia; usable slices, counted from 0: {usable}'
            )
    return [replace(sample, rated=rated[key]) for key, sample in samples.items() if key in rated]


def _hemisphere_labels(epvs: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return the ePVS of a slice of which at least half lies in a hemisphere's ROI."""
    out = np.zeros(epvs.shape, np.int16)
    label_number = 0
    for value in np.unique(epvs[epvs > 0]):
        pixels = epvs == value
        inside = half[pixels]
        if np.count_nonzero(inside) * 2 >= inside.size:
            label_number += 1
            out[pixels] = label_number
    return out


def _crop(participant, view: View, chosen: bool, planes, grid: np.ndarray) -> Sample:
    """Crop the planes to an image and its surroundings; pixels outside the slice are 0."""
    sizes = voxel_sizes(grid)
    crop, _, cropped_view = crop_around(view, sizes)
    image, roi, labels = (
        crop(plane).astype(kind)[..., np.newaxis]
        for plane, kind in zip(planes, (np.float32, bool, np.int16), strict=True)
    )
    return Sample(
        participant=participant,
        view=cropped_view,
        chosen=chosen,
        plane=image,
        roi=roi,
        labels=labels,
        affine=np.diag([*sizes, 1.0]),
        depth=roi_depth(roi[..., 0]),
    )
