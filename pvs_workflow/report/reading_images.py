"""Six images of a T2w, cut from its derivatives and free of the model's results."""

import base64
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.nifti import read_nifti
from pvs_workflow.report.rendering import SIDE_WORDS
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slabs import central_slice, slices_per_slab

T2W_END = f'_{names.T2W}.nii.gz'
ROI_END = f'_{names.ROI}.nii.gz'

_RANKS = {1: 'lower', 2: 'middle', 3: 'upper'}
_WHOLE = Preprocessing(outside='keep')
"""Preprocessing of the cascade's images, except that the surroundings are kept."""


@dataclass(frozen=True)
class RawImage:
    """One of the six images.

    Attributes
    ----------
    hemisphere : {'L', 'R'}
    rank : int
        1 for the lowest slice.
    slice : int
        Slice index in the T2w file, from 0.
    pixels : (80, 96) array of float32, in [0, 1]
        Left–right × back–front.

    """

    hemisphere: str
    rank: int
    slice: int
    pixels: np.ndarray

    @property
    def title(self) -> str:
        """Side and slice in words."""
        return f'{SIDE_WORDS[self.hemisphere].capitalize()}, {_RANKS[self.rank]} slice'

    @cached_property
    def uri(self) -> str:
        """The image as a data URI of a PNG, with anterior at the top."""
        grey = np.round(255 * self.pixels.T[::-1]).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(grey)).save(stream, format='PNG', optimize=True)
        return 'data:image/png;base64,' + base64.b64encode(stream.getvalue()).decode('ascii')


def read_images(result: Result) -> list[RawImage]:
    """Cut the six images of a T2w: the cascade's input before masking.

    Returns
    -------
    list of 6 RawImage
        Left then right, from the bottom up.

    Raises
    ------
    ImageError
        If a derivative is missing or damaged, or if the images are not those that were counted.

    """
    stem = result.stem
    paths = [stem.with_name(stem.name + end) for end in (T2W_END, ROI_END)]
    try:
        (t2w, volume), (roi, labels) = map(read_nifti, paths)
    except ImageError as error:
        reason = ' '.join(str(error).split())
        raise ImageError(
            f'{stem.name} cannot be shown: {T2W_END[1:]} or {ROI_END[1:]} is unusable ({reason})'
        ) from error
    if t2w.shape != roi.shape or not np.allclose(t2w.affine, roi.affine, atol=1e-3):
        raise ImageError(
            f'{stem.name} cannot be shown: T2w and ROI are not on one grid (shapes {t2w.shape} '
            f'and {roi.shape}); rerun the participant level'
        )
    try:
        volume, affine, storage = to_canonical(volume, t2w.affine)
        labels, _, _ = to_canonical(labels, t2w.affine)
        views, cut, _ = cut_six(volume, np.round(labels).astype(np.uint8), affine, _WHOLE)
    except ImageError as error:
        raise ImageError(f'{stem.name} cannot be shown: {error}') from error
    n = slices_per_slab(affine)
    images = []
    for view, pixels in zip(views, cut, strict=True):
        stored = storage.slice_index(central_slice(view.slice_index, n))
        images.append(RawImage(view.hemisphere, view.rank, stored, pixels))
    counted = {(row['hemisphere'], row['slice']) for row in result.counts}
    cut_slices = {(image.hemisphere, image.slice) for image in images}
    if counted != cut_slices:
        raise ImageError(
            f'{stem.name} cannot be shown: counted slices are {sorted(counted)}, but its images '
            f'give {sorted(cut_slices)}; rerun the participant level'
        )
    return images
