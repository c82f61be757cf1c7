"""Altered heads: what processing, field of view and disease do to a T2w of a whole head.

Volumes are canonical. Places are given in template space (mm), which an affine registration of
the untouched head relates to its T2w.
"""

from dataclasses import dataclass

import nibabel as nb
import numpy as np
from nibabel.affines import apply_affine, voxel_sizes
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from pvs_workflow import data
from pvs_workflow.science.resampling import resample

KINDS = (
    'skull-stripped',
    'skull-stripped tightly',
    'defaced',
    'cropped above',
    'cropped below',
    'cropped all around',
    'atrophied',
    'large cavity',
    'large signal void',
    'skull-stripped tightly and cropped below',
    'skull-stripped and atrophied',
)

_MASK = data.path('template', 'tpl-MNI152NLin2009cSym_res-1_desc-brain_mask.nii.gz')
_STRIP_MARGIN = {'skull-stripped': 2.0, 'skull-stripped tightly': -2.0}
"""Distance of the edge of the mask from that of the template's brain, mm; positive is outside."""
_CROP_MARGIN = 10.0
"""Space that a cropped field of view leaves above and below the ROI, mm."""
_VENTRICLES, _REACH = np.array([0.0, -12.0, 14.0]), np.array([45.0, 75.0, 45.0])
"""Centre of the lateral ventricles, and semi-axes of the ellipsoid that their growth deforms."""
_GROWTH = 2.2
"""Factor by which the ventricles' diameter grows at their centre."""
_BRAIN, _SKULL = np.array([0.0, -18.0, 10.0]), np.array([75.0, 95.0, 78.0])
"""Centre and semi-axes of the ellipsoid of the inner skull."""
_SHRINKAGE = 0.94
"""Factor by which the brain's diameter shrinks within the skull."""
_CAVITY, _CAVITY_AXES = np.array([42.0, -10.0, 22.0]), np.array([20.0, 40.0, 28.0])
"""Centre and semi-axes of a large infarct of the right middle cerebral artery."""
_SPARED = 4.0
"""Distance from the ROI that lesions spare, mm, so that its truth stays the same."""


@dataclass(frozen=True)
class Head:
    """A T2w, the affine from it to the template, and its ROI.

    Attributes
    ----------
    t2w : nibabel image, 3D
    to_template : (4, 4) array
    roi : (x, y, z) array of int
        Labels on the T2w's grid, 1 left and 2 right.

    """

    t2w: nb.Nifti1Image
    to_template: np.ndarray
    roi: np.ndarray


def alter(head: Head, kind: str) -> Head:
    """Return an altered head with its true ROI."""
    for part in kind.split(' and '):
        head = _ALTERATIONS[part](head, part)
    return head


def strip(head: Head, kind: str) -> Head:
    """Set everything outside the brain to 0."""
    mask = nb.load(_MASK)
    inside = np.asarray(mask.dataobj) > 0.5
    distance = distance_transform_edt(~inside) - distance_transform_edt(inside)
    image = nb.Nifti1Image(distance.astype(np.float32), mask.affine)
    values = _from_template(head, image)
    return _with(head, np.where(values <= _STRIP_MARGIN[kind], _voxels(head), 0))


def deface(head: Head, _: str) -> Head:
    """Set the face to 0: everything in front of a plane below the frontal lobe."""
    y, z = _places(head)[..., 1:].transpose(3, 0, 1, 2)
    return _with(head, np.where((y > 25) & (z < -0.9 * (y - 25) - 20), 0, _voxels(head)))


def crop(head: Head, kind: str) -> Head:
    """Reduce the field of view: above or below the ROI, or to within the skull."""
    sizes = voxel_sizes(head.t2w.affine)
    start, stop = [0, 0, 0], list(head.t2w.shape)
    heights = np.flatnonzero(head.roi.any(axis=(0, 1)))
    margin = round(_CROP_MARGIN / sizes[2])
    if kind == 'cropped above':
        stop[2] = min(stop[2], heights[-1] + 1 + margin)
    if kind == 'cropped below':
        start[2] = max(0, heights[0] - margin)
    if kind == 'cropped all around':
        mask = _from_template(head, nb.load(_MASK)) > 0.5
        for axis in (0, 1):
            edges = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
            start[axis], stop[axis] = edges[0] + 3, edges[-1] - 2
    box = tuple(map(slice, start, stop))
    affine = head.t2w.affine.copy()
    affine[:3, 3] = apply_affine(affine, start)
    image = nb.Nifti1Image(np.ascontiguousarray(_voxels(head)[box]), affine)
    return Head(image, head.to_template, head.roi[box])


def shrink(head: Head, _: str) -> Head:
    """Dilate the ventricles and shrink the brain within the skull, as in atrophy."""
    places = _places(head)
    radius = np.linalg.norm((places - _VENTRICLES) / _REACH, axis=-1, keepdims=True)
    # Quadratic from the growth at the centre to 1 at the ellipsoid's surface.
    growth = 1 + (_GROWTH - 1) * np.clip(1 - radius, 0, None) ** 2
    places = _VENTRICLES + (places - _VENTRICLES) / growth
    radius = np.linalg.norm((places - _BRAIN) / _SKULL, axis=-1, keepdims=True)
    inner = np.interp(radius, [0, 0.88, 1.1, 9], [0, 0.88 / _SHRINKAGE, 1.1, 9])
    places = _BRAIN + (places - _BRAIN) * inner / np.maximum(radius, 1e-6)
    to_voxels = np.linalg.inv(head.to_template @ head.t2w.affine)
    indices = apply_affine(to_voxels, places).transpose(3, 0, 1, 2)
    moved = map_coordinates(_voxels(head), indices, order=1, mode='nearest')
    roi = map_coordinates(head.roi, indices, order=0, mode='nearest')
    return Head(_with(head, moved).t2w, head.to_template, roi)


def damage(head: Head, kind: str) -> Head:
    """Replace a large part of the right hemisphere by fluid, or by no signal."""
    voxels, sizes = _voxels(head), voxel_sizes(head.t2w.affine)
    inside = np.linalg.norm((_places(head) - _CAVITY) / _CAVITY_AXES, axis=-1) < 1
    inside &= distance_transform_edt(head.roi == 0, sampling=sizes) > _SPARED
    weight = gaussian_filter(inside.astype(np.float32), 1.0 / sizes)
    mask = _from_template(head, nb.load(_MASK)) > 0.5
    level = np.percentile(voxels[mask], 98) if kind == 'large cavity' else 0.0
    return _with(head, voxels + weight * (level - voxels))


_ALTERATIONS = {
    'skull-stripped': strip,
    'skull-stripped tightly': strip,
    'defaced': deface,
    'cropped above': crop,
    'cropped below': crop,
    'cropped all around': crop,
    'atrophied': shrink,
    'large cavity': damage,
    'large signal void': damage,
}


def _voxels(head: Head) -> np.ndarray:
    return np.asarray(head.t2w.dataobj, dtype=np.float32)


def _with(head: Head, voxels: np.ndarray) -> Head:
    image = nb.Nifti1Image(np.asarray(voxels, dtype=np.float32), head.t2w.affine)
    return Head(image, head.to_template, head.roi)


def _places(head: Head) -> np.ndarray:
    """Return the template coordinates of all voxels, (x, y, z, 3), mm."""
    indices = np.moveaxis(np.indices(head.t2w.shape, dtype=np.float32), 0, -1)
    return apply_affine(head.to_template @ head.t2w.affine, indices)


def _from_template(head: Head, image: nb.Nifti1Image) -> np.ndarray:
    """Resample an image of the template to the head."""
    affine = head.to_template @ head.t2w.affine
    return np.asarray(resample(image, head.t2w.shape, affine).dataobj)
