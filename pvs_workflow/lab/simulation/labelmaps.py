"""Anatomies from whole-head label maps, with contrasts from the signal equations."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform, find_objects, gaussian_filter

from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.inputs.nifti import read_nifti
from pvs_workflow.lab.simulation.relaxation import FLUID, Tissues, signals
from pvs_workflow.lab.simulation.template import (
    FLUID_T1,
    PUTAMEN_T2,
    WHITE_T1,
    Channel,
    Template,
    both_sides,
    fine_labels,
    label_centres,
    structure_centres,
)
from pvs_workflow.science.roi import STRUCTURES

CLASSES = {  # numbers of each tissue in FreeSurferColorLUT.txt
    'white matter': (2, 7, 41, 46, 28, 60, 85, 77, 251, 252, 253, 254, 255),
    'cortex': (3, 8, 42, 47, 17, 53, 18, 54, 26, 58, 136, 137, 163, 164),
    'caudate': (11, 50),
    'putamen': (12, 51, 30, 62),  # 30 and 62: vessels, mostly perivascular spaces
    'pallidum': (13, 52),
    'thalamus': (10, 49),
    'brain stem': (16,),
    'fluid': (4, 5, 14, 15, 24, 43, 44, 72),
}
_FIRST_OUTSIDE = 256  # this and larger numbers are tissues outside the brain
_SHAPE = (193, 229, 193)
CORNER = np.array([-96.0, -132.0, -78.0])
"""Lowest corner (left, posterior, inferior) of an aligned label map, template mm."""
_SMOOTH = 0.6  # mm; removes the steps of 1 mm labels
_FLUID_LEVEL = 2.1  # in units of the putamen; voxels from this level on are all fluid


def find_label_maps(folder: Path) -> list[Path]:
    """Return the paths of the label maps in a folder, sorted.

    Raises
    ------
    NoInputError
        If there are no label maps.

    """
    paths = sorted(path for path in Path(folder).glob('*.nii*') if path.is_file())
    if not paths:
        raise NoInputError(
            f'{folder} has no anatomies; give a folder of NIfTI label maps with FreeSurfer numbers'
        )
    return paths


@lru_cache(maxsize=32)
def load_label_map(path: Path) -> np.ndarray:
    """Read a label map and align it with the template by the centres of its deep nuclei.

    Returns
    -------
    (193, 229, 193) array of int16
        Labels in template space at 1 mm from `CORNER`, rotated and shifted but not scaled.

    Raises
    ------
    ImageError
        If the file cannot be read or lacks one of the deep nuclei.

    """
    try:
        image, labels = read_nifti(path)
        labels = labels.astype(np.int16)
    except ImageError as error:
        raise ImageError(f'cannot read the anatomy {path}: {error}') from error
    targets = structure_centres()
    centres = label_centres(labels, image.affine, list(targets)) if labels.ndim == 3 else {}
    absent = targets.keys() - centres
    missing = [f'{s.name} {s.hemisphere}' for s in STRUCTURES if s.index in absent]
    if missing:
        raise ImageError(
            f'the anatomy {path} ({labels.ndim}D) lacks {", ".join(missing)}; give a 3D label map '
            'with FreeSurfer numbers'
        )
    points = np.stack([centres[index] for index in targets])
    rigid = rigid_fit(points, np.stack([*targets.values()]))
    grid = np.eye(4)
    grid[:3, 3] = CORNER
    to_voxel = np.linalg.inv(rigid @ image.affine) @ grid
    return affine_transform(
        labels, to_voxel[:3, :3], to_voxel[:3, 3], output_shape=_SHAPE, order=0, cval=0
    )


def label_template(labels: np.ndarray, tissues: Tissues, whole: bool = True) -> Template:
    """Convert a label map to a template from which people are sampled.

    Parameters
    ----------
    labels : (193, 229, 193) array of int
        Output of :func:`load_label_map`.
    tissues : Tissues
        Tissue of the person under the T2w protocol.
    whole : bool
        Return the whole head instead of the surroundings of the basal ganglia.

    """
    corner = np.zeros(3, int)
    roi = [s.index for s in STRUCTURES if s.in_roi and s.index in structure_centres()]
    boxes = find_objects(labels)
    low = np.min([[axis.start for axis in boxes[index - 1]] for index in roi], axis=0)
    high = np.max([[axis.stop - 1 for axis in boxes[index - 1]] for index in roi], axis=0)
    if not whole:
        corner = np.maximum(low - 35, 0)
        labels = labels[tuple(slice(a, b + 36) for a, b in zip(corner, high, strict=True))]
    affine = np.eye(4)
    affine[:3, 3] = CORNER + corner
    t2, t1 = (
        _paint(labels, values, fluid)
        for values, fluid in zip(signals(tissues), (_FLUID_LEVEL, FLUID_T1), strict=True)
    )
    brain = gaussian_filter(
        ((labels > 0) & (labels < _FIRST_OUTSIDE)).astype(np.float32), 0.7, truncate=3
    )
    pallidum = np.isin(labels, CLASSES['pallidum']).astype(np.float32)
    ventricles = np.isin(labels, both_sides('lateral ventricle')).astype(np.float32)
    known = np.isin(labels, [s.index for s in STRUCTURES])
    structures = np.where(known, labels, 0).astype(np.uint8)
    structures[labels == 30], structures[labels == 62] = both_sides('putamen')
    return Template(
        t1=Channel(t1 * np.float32(WHITE_T1), affine),
        t2=Channel(t2 * np.float32(PUTAMEN_T2), affine),
        # A label map shows the sulci of one person; no folds need to be drawn.
        folds=Channel(np.zeros((2, 2, 2), np.float32), affine),
        brain=Channel(brain, affine),
        pallidum=Channel(gaussian_filter(pallidum, 0.6), affine),
        structures=fine_labels(structures, affine),
        corners=np.stack([low, high]) + CORNER,
        ventricles=Channel(gaussian_filter(ventricles, 5), affine),
    )


def rigid_fit(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the (4, 4) rigid transform that fits points to targets best (Kabsch 1976).

    Both are (n, 3) arrays of at least three points that are not collinear.

    Examples
    --------
    >>> corners = np.eye(3)
    >>> rigid_fit(corners, corners + [1.0, 2.0, 3.0]).round(6)[:3, 3].tolist()
    [1.0, 2.0, 3.0]

    """
    a, b = points.mean(axis=0), targets.mean(axis=0)
    u, _, vt = np.linalg.svd((points - a).T @ (targets - b))
    flip = np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))])
    out = np.eye(4)
    out[:3, :3] = vt.T @ flip @ u.T
    out[:3, 3] = b - out[:3, :3] @ a
    return out


def _paint(labels: np.ndarray, values: dict, fluid: float) -> np.ndarray:
    table = np.zeros(max(int(labels.max()), max(map(max, CLASSES.values()))) + 1, np.float32)
    table[1:_FIRST_OUTSIDE] = values['white matter']
    for name, numbers in CLASSES.items():
        table[list(numbers)] = fluid if name == FLUID else values[name]
    outside = values['outside']
    larger = np.arange(_FIRST_OUTSIDE, len(table))
    table[larger] = outside[larger % len(outside)]
    return gaussian_filter(table[labels], _SMOOTH, truncate=3)
