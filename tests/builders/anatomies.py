"""A label map and a scan made from the shipped template, for tests of user data."""

from functools import lru_cache
from pathlib import Path

import nibabel as nb
import numpy as np
from scipy.ndimage import binary_dilation, zoom

from pvs_workflow import data
from pvs_workflow.lab.simulation.grids import rigid

HEAD_POSE = rigid((4, -7, 12), (9, -14, 21))
"""Pose of the label map's head relative to the template."""

NOISE = 0.04
"""Standard deviation of the noise in the scan, in units of the putamen's signal."""

SCALP = 507


def read(name: str) -> nb.Nifti1Image:
    """Return an image of the shipped template."""
    return nb.load(data.path('template', f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz'))


@lru_cache(maxsize=1)
def template_labels() -> np.ndarray:
    """Return the shipped labels, surrounded by white matter and a rim of scalp."""
    labels = np.asarray(read('atlas-CerebrA_dseg').dataobj).astype(np.int16)
    brain = np.asarray(read('desc-brain_mask').dataobj) > 0
    labels[brain & (labels == 0)] = 2
    labels[binary_dilation(brain, iterations=4) & ~brain] = SCALP
    return labels


def write_label_map(path: Path, without: int | None = None) -> Path:
    """Write :func:`template_labels` as the map of a moved head, stored right to left."""
    labels = template_labels()
    if without is not None:
        labels = np.where(labels == without, 2, labels).astype(np.int16)
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    flip[0, 3] = labels.shape[0] - 1
    affine = HEAD_POSE @ read('T1w').affine @ flip
    path.parent.mkdir(parents=True, exist_ok=True)
    nb.Nifti1Image(labels[::-1], affine).to_filename(path)
    return path


@lru_cache(maxsize=1)
def scan() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a noisy T2w of the average at 0.5 × 0.5 × 4 mm, its structures and its affine."""
    t2w, labels = (read(name) for name in ('T2w', 'atlas-CerebrA_dseg'))
    box = (slice(51, 141), slice(92, 172), slice(60, 100))
    affine = t2w.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [axis.start for axis in box]
    values = np.asarray(t2w.dataobj)[box].astype(np.float32)
    structures = np.asarray(labels.dataobj)[box].astype(np.uint8)
    unit = np.median(values[np.isin(structures, (12, 51))])
    # Four slices per slab; each voxel becomes two by two.
    thick = values.reshape(*values.shape[:2], -1, 4).mean(axis=-1)
    thick = zoom(thick, (2, 2, 1), order=1, grid_mode=True, mode='nearest')
    structures = structures[:, :, 2::4].repeat(2, axis=0).repeat(2, axis=1)
    noise = np.random.default_rng(0).standard_normal(thick.shape) * NOISE * unit
    affine[:3, 3] += [-0.25, -0.25, 1.5]
    return thick + noise, structures, affine @ np.diag([0.5, 0.5, 4, 1])


def write_results(folder: Path, *names: str) -> Path:
    """Write scans as derivatives of the participant level: ``sub-01`` or ``sub-02_ses-1``."""
    t2w, structures, affine = scan()
    for number, name in enumerate(names):
        anat = folder.joinpath(*name.split('_'), 'anat')
        anat.mkdir(parents=True)
        gain = 3.0 + number
        image = nb.Nifti1Image((t2w * gain).astype(np.float32), affine)
        image.to_filename(anat / f'{name}_desc-preproc_T2w.nii.gz')
        labels = nb.Nifti1Image(structures, affine)
        labels.to_filename(anat / f'{name}_space-T2w_desc-structures_dseg.nii.gz')
    return folder
