"""The shipped averages, with sharpened contrasts and finer labels, for sampling."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import nibabel as nb
import numpy as np
from scipy.ndimage import (
    binary_dilation,
    distance_transform_edt,
    find_objects,
    gaussian_filter,
    map_coordinates,
    zoom,
)

from pvs_workflow import data
from pvs_workflow.science.roi import STRUCTURES, structure_values

_ATLAS, _MASK = 'atlas-CerebrA_dseg', 'desc-brain_mask'
_PADDING = 4  # voxels around labels, for smoothing

FINE = 2
"""Upsampling factor of the labels along each axis."""

PUTAMEN_T2 = 118.0
"""Median of the T2w average in the putamen, the unit of contrasts."""

WHITE_T1 = 230.0
"""Signal of the T1w average in white matter, the unit of T1w contrasts."""

FLUID_T1 = 0.25
"""Signal of fluid in T1w, in units of white matter."""

_SHARPEN = ((1.5, 0.9), (0.7, 0.5))  # (sigma in mm, amount); roughly undoes the blur of averaging


@dataclass(frozen=True)
class Channel:
    """A volume that can be sampled at template positions.

    Attributes
    ----------
    values : (x, y, z) array
    affine : (4, 4) array
        Voxel index to template mm; not oblique.
    order : {0, 1}
        Order of interpolation.

    """

    values: np.ndarray
    affine: np.ndarray
    order: int = 1

    def sample(self, points: np.ndarray) -> np.ndarray:
        """Return the values at (3, …) template positions, mm; 0 outside."""
        inverse = np.linalg.inv(self.affine).astype(np.float32)
        index = [
            inverse[axis, axis] * points[axis] + inverse[axis, 3] for axis in range(3)
        ]  # the affine is not oblique
        return map_coordinates(
            self.values, index, order=self.order, mode='constant', cval=0, prefilter=False
        )


@dataclass(frozen=True)
class Template:
    """Channels from which anatomy is sampled.

    Attributes
    ----------
    t1, t2 : Channel
        Contrasts, sharpened inside the brain, on the scale of uint8.
    folds : Channel
        Weight, 0 to 1, of folds (sulci) against ventricles in cerebrospinal fluid.
    brain : Channel
        Soft brain mask.
    pallidum : Channel
        Soft mask of both pallida.
    structures : Channel
        FreeSurfer numbers without the capsule, on a finer grid.
    corners : (2, 3) array
        Lowest and highest template positions of the basal ganglia, mm.
    ventricles : Channel
        Smoothed mask of the lateral ventricles; its gradient points into them.

    """

    t1: Channel
    t2: Channel
    folds: Channel
    brain: Channel
    pallidum: Channel
    structures: Channel
    corners: np.ndarray
    ventricles: Channel


@lru_cache(maxsize=1)
def load_template() -> Template:
    """Read and prepare the shipped template, once per process."""
    (t1, affine), (t2, _), (labels, _), (mask, _) = map(_read, ('T1w', 'T2w', _ATLAS, _MASK))
    brain = gaussian_filter(mask.astype(np.float32), 0.7)
    pallidum = np.isin(labels, both_sides('pallidum')).astype(np.float32)
    ventricles = np.isin(labels, both_sides('lateral ventricle')).astype(np.float32)
    roi = np.isin(labels, [s.index for s in STRUCTURES if s.in_roi])
    corners = [affine[:3, :3] @ [f(axis) for axis in np.nonzero(roi)] for f in (np.min, np.max)]
    return Template(
        t1=Channel(_sharpen(t1, brain), affine),
        t2=Channel(_sharpen(t2, brain), affine),
        folds=Channel(_folds(labels, brain, affine), affine),
        brain=Channel(brain, affine),
        pallidum=Channel(gaussian_filter(pallidum, 0.6), affine),
        structures=fine_labels(labels, affine),
        corners=np.array(corners) + affine[:3, 3],
        ventricles=Channel(gaussian_filter(ventricles, 5), affine),
    )


def both_sides(name: str) -> list[int]:
    """Return the FreeSurfer numbers of a structure, left first."""
    return [value for side in 'LR' for value in structure_values(side, name)]


def _read(name: str) -> tuple[np.ndarray, np.ndarray]:
    image = nb.load(data.path('template', f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz'))
    return np.asarray(image.dataobj), image.affine


def _sharpen(values: np.ndarray, brain: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    detail = sum(amount * (values - gaussian_filter(values, sigma)) for sigma, amount in _SHARPEN)
    return np.clip(values + brain * detail, 0, 400).astype(np.float32)


def _folds(labels: np.ndarray, brain: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the weight of folds, which is 0 near deep structures and the midline ventricles."""
    deep = binary_dilation(labels > 0, iterations=2)
    distance = distance_transform_edt(~deep)
    x, y, z = (
        affine[axis, axis] * np.arange(n) + affine[axis, 3] for axis, n in enumerate(labels.shape)
    )
    midline = (
        (np.abs(x) < 12)[:, None, None]
        & ((y > -75) & (y < 12))[None, :, None]
        & ((z > -60) & (z < 15))[None, None, :]
    )
    distance = np.where(midline, 0, distance)
    return (gaussian_filter(np.clip(distance / 4, 0, 1), 1.5) * brain).astype(np.float32)


@lru_cache(maxsize=1)
def structure_centres() -> dict[int, np.ndarray]:
    """Return the centre of each deep grey nucleus in the shipped template, mm, by label."""
    nuclei = [s.index for s in STRUCTURES if s.name != 'lateral ventricle']
    return label_centres(*_read(_ATLAS), nuclei)


def label_centres(
    labels: np.ndarray, affine: np.ndarray, requested: Sequence[int]
) -> dict[int, np.ndarray]:
    """Return the centre of each requested label that is present, mm."""
    boxes = find_objects(labels)
    out = {}
    for value in requested:
        box = boxes[value - 1] if value <= len(boxes) else None
        if box is not None:
            centre = np.argwhere(labels[box] == value).mean(axis=0)
            index = centre + [axis.start for axis in box]
            out[value] = affine[:3, :3] @ index + affine[:3, 3]
    return out


def fine_labels(labels: np.ndarray, affine: np.ndarray) -> Channel:
    """Upsample labels by linear interpolation of each label; the strongest wins.

    The affine must not be oblique.
    """
    labels = np.pad(labels, _PADDING)
    indices = np.nonzero(labels)
    low = [int(axis.min()) - 3 for axis in indices]
    high = [int(axis.max()) + 4 for axis in indices]
    crop = labels[tuple(slice(*pair) for pair in zip(low, high, strict=True))]
    fine_shape = [n * FINE for n in crop.shape]
    best = np.full(fine_shape, 0.5, dtype=np.float32)
    out = np.zeros(fine_shape, dtype=np.uint8)
    for value in np.unique(crop[crop > 0]):
        indices = np.nonzero(crop == value)
        box = tuple(slice(axis.min() - 3, axis.max() + 4) for axis in indices)
        soft = gaussian_filter((crop[box] == value).astype(np.float32), 0.7)
        soft = zoom(soft, FINE, order=1, grid_mode=True, mode='nearest')
        fine_box = tuple(slice(axis.start * FINE, axis.stop * FINE) for axis in box)
        stronger = soft > best[fine_box]
        out[fine_box][stronger] = value
        best[fine_box][stronger] = soft[stronger]
    fine = affine.copy()
    fine[:3, :3] /= FINE
    # The centre of the first fine voxel lies a quarter of a voxel before that of the coarse one.
    first = np.array(low) - _PADDING
    fine[:3, 3] = (affine @ [*first, 1])[:3] - np.diag(affine)[:3] * (1 - 1 / FINE) / 2
    return Channel(out, fine, order=0)
