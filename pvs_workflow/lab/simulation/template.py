"""The shipped averages, prepared for sampling: sharpened contrasts and fine structure labels."""

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
_ROOM = 4  # voxels around labels, for their smoothing

FINE = 2
"""Fine label voxels per template voxel and axis."""

PUTAMEN_T2 = 118.0
"""Median of the T2w average in the putamen; the unit in which contrasts are given."""

WHITE_T1 = 230.0
"""The T1w average in white matter, likewise."""

FLUID_T1 = 0.25
"""What fluid shows in T1w, in units of white matter."""

_SHARPEN = ((1.5, 0.9), (0.7, 0.5))  # (sigma in mm, amount): about what the averaging blurred


@dataclass(frozen=True)
class Channel:
    """A volume that can be sampled at template positions.

    Attributes
    ----------
    values : (x, y, z) array
    affine : (4, 4) array
        Voxel index to template millimetres.
    order : {0, 1}

    """

    values: np.ndarray
    affine: np.ndarray
    order: int = 1

    def sample(self, points: np.ndarray) -> np.ndarray:
        """Return the values at (3, …) template millimetres; 0 outside."""
        inverse = np.linalg.inv(self.affine).astype(np.float32)
        index = [
            inverse[axis, axis] * points[axis] + inverse[axis, 3] for axis in range(3)
        ]  # the template's axes are not oblique
        return map_coordinates(
            self.values, index, order=self.order, mode='constant', cval=0, prefilter=False
        )


@dataclass(frozen=True)
class Template:
    """What the anatomy is sampled from.

    Attributes
    ----------
    t1, t2 : Channel
        Averages, sharpened inside the brain; uint8 scale.
    folds : Channel
        0 to 1: where cerebrospinal fluid lies in folds (sulci) rather than in ventricles.
    brain : Channel
        Soft brain mask.
    pallidum : Channel
        Soft mask of both pallida.
    structures : Channel
        FreeSurfer numbers without the capsule, on a finer grid.
    corners : (2, 3) array
        The structures that count as basal ganglia lie between these template positions, in mm.
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
    """Read and prepare the shipped template; once per process."""
    (t1, affine), (t2, _), (labels, _), (mask, _) = map(_read, ('T1w', 'T2w', _ATLAS, _MASK))
    brain = gaussian_filter(mask.astype(np.float32), 0.7)
    pallidum = np.isin(labels, both_sides('pallidum')).astype(np.float32)
    ventricles = np.isin(labels, both_sides('lateral ventricle')).astype(np.float32)
    roi = np.isin(labels, [s.index for s in STRUCTURES if s.in_roi])
    corners = [affine[:3, :3] @ [f(axis) for axis in np.nonzero(roi)] for f in (np.min, np.max)]
    return Template(
        t1=Channel(_sharpened(t1, brain), affine),
        t2=Channel(_sharpened(t2, brain), affine),
        folds=Channel(_folds(labels, brain, affine), affine),
        brain=Channel(brain, affine),
        pallidum=Channel(gaussian_filter(pallidum, 0.6), affine),
        structures=fine_labels(labels, affine),
        corners=np.array(corners) + affine[:3, 3],
        ventricles=Channel(gaussian_filter(ventricles, 5), affine),
    )


def both_sides(name: str) -> list[int]:
    """Return the FreeSurfer numbers of a structure, left before right."""
    return [value for side in 'LR' for value in structure_values(side, name)]


def _read(name: str) -> tuple[np.ndarray, np.ndarray]:
    image = nb.load(data.path('template', f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz'))
    return np.asarray(image.dataobj), image.affine


def _sharpened(values: np.ndarray, brain: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    detail = sum(amount * (values - gaussian_filter(values, sigma)) for sigma, amount in _SHARPEN)
    return np.clip(values + brain * detail, 0, 400).astype(np.float32)


def _folds(labels: np.ndarray, brain: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Weigh down the deep structures and the midline, whose fluid spaces are not folded."""
    deep = binary_dilation(labels > 0, iterations=2)
    distance = distance_transform_edt(~deep)
    x, y, z = (
        affine[axis, axis] * np.arange(n) + affine[axis, 3] for axis, n in enumerate(labels.shape)
    )
    third = (
        (np.abs(x) < 12)[:, None, None]
        & ((y > -75) & (y < 12))[None, :, None]
        & ((z > -60) & (z < 15))[None, None, :]
    )
    distance = np.where(third, 0, distance)
    return (gaussian_filter(np.clip(distance / 4, 0, 1), 1.5) * brain).astype(np.float32)


@lru_cache(maxsize=1)
def structure_centres() -> dict[int, np.ndarray]:
    """Return the centre of each deep grey nucleus of the shipped template, in mm, by label."""
    nuclei = [s.index for s in STRUCTURES if s.name != 'lateral ventricle']
    return label_centres(*_read(_ATLAS), nuclei)


def label_centres(
    labels: np.ndarray, affine: np.ndarray, wanted: Sequence[int]
) -> dict[int, np.ndarray]:
    """Return the centre of each wanted label that is there, in mm."""
    boxes = find_objects(labels)
    out = {}
    for value in wanted:
        box = boxes[value - 1] if value <= len(boxes) else None
        if box is not None:
            where = np.argwhere(labels[box] == value).mean(axis=0)
            index = where + [part.start for part in box]
            out[value] = affine[:3, :3] @ index + affine[:3, 3]
    return out


def fine_labels(labels: np.ndarray, affine: np.ndarray) -> Channel:
    """Upsample the labels, each by its own linear interpolation; the strongest wins.

    The affine is not oblique.
    """
    labels = np.pad(labels, _ROOM)
    where = np.nonzero(labels)
    low = [int(axis.min()) - 3 for axis in where]
    high = [int(axis.max()) + 4 for axis in where]
    cut = labels[tuple(slice(*pair) for pair in zip(low, high, strict=True))]
    fine_shape = [n * FINE for n in cut.shape]
    best = np.full(fine_shape, 0.5, dtype=np.float32)
    out = np.zeros(fine_shape, dtype=np.uint8)
    for value in np.unique(cut[cut > 0]):
        found = np.nonzero(cut == value)
        box = tuple(slice(axis.min() - 3, axis.max() + 4) for axis in found)
        soft = gaussian_filter((cut[box] == value).astype(np.float32), 0.7)
        soft = zoom(soft, FINE, order=1, grid_mode=True, mode='nearest')
        fine_box = tuple(slice(part.start * FINE, part.stop * FINE) for part in box)
        stronger = soft > best[fine_box]
        out[fine_box][stronger] = value
        best[fine_box][stronger] = soft[stronger]
    fine = affine.copy()
    fine[:3, :3] /= FINE
    # The first fine voxel's centre lies a quarter of a voxel before the coarse one's.
    first = np.array(low) - _ROOM
    fine[:3, 3] = (affine @ [*first, 1])[:3] - np.diag(affine)[:3] * (1 - 1 / FINE) / 2
    return Channel(out, fine, order=0)
