"""The app's anatomical half as the benchmarks call it: the one module that follows its changes.

Images are :class:`nibabel.Nifti1Image` in canonical order. ANTs and TensorFlow are loaded where
they are used, so that a process which only hands out work stays as small as the app's.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.interfaces.io import read_canonical, save_image
from pvs_workflow.science.checks import check_t2w_grid
from pvs_workflow.science.quality import Quality, judge, roi_volumes
from pvs_workflow.science.roi import add_capsule, roi_labels
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slabs import slices_per_slab

_TEMPLATE = 'tpl-MNI152NLin2009cSym_res-1_{}.nii.gz'


@dataclass(frozen=True)
class Anatomy:
    """What was found in a head, and what the app's judgement rests on.

    Attributes
    ----------
    t2w : nibabel image
        Without its shading, as the cascade sees it.
    structures : (x, y, z) array of int
        FreeSurfer numbers on the T2w's grid, with the capsule.
    correlation : float
        Of the scan and the carried template.
    transforms : dict
        Files by name: ``T1w`` (where there is one) and ``template``.
    seconds : dict
        Wall time of each step, by name.

    """

    t2w: nb.Nifti1Image
    structures: np.ndarray
    correlation: float
    transforms: dict[str, Path]
    seconds: dict[str, float] = field(default_factory=dict)


def template_file(name: str) -> Path:
    """Return one of the template's images, without loading nipype as the workflows do.

    Parameters
    ----------
    name : {'T1w', 'T2w', 'atlas-CerebrA_dseg'}

    """
    return data.path('template', _TEMPLATE.format(name))


def conform(source: Path) -> nb.Nifti1Image:
    """Read a scan as the app does."""
    voxels, affine, _ = read_canonical(source)
    return nb.Nifti1Image(np.ascontiguousarray(voxels), affine)


def correct(t2w: nb.Nifti1Image, seed: int) -> nb.Nifti1Image:
    """Check a T2w and take away its shading."""
    from pvs_workflow.registration.bias import correct_bias

    check_t2w_grid(t2w.shape, t2w.affine)
    return correct_bias(t2w, seed)


def align(fixed: nb.Nifti1Image, moving: nb.Nifti1Image, path: Path, seed: int) -> np.ndarray:
    """Lay one contrast of a head on another, and write the transform.

    Returns
    -------
    (4, 4) array
        From fixed to moving points, RAS millimetres.

    """
    from motion import read_matrix

    from pvs_workflow.registration.rigid import register_rigid

    register_rigid(fixed, moving, path, seed)
    return read_matrix(path)


def carry(
    t2w: nb.Nifti1Image, t1w: nb.Nifti1Image | None, folder: Path, seed: int
) -> tuple[np.ndarray, float]:
    """Bend the template to a head and carry its nuclei to the T2w.

    Parameters
    ----------
    t2w : nibabel image
        Without its shading.
    t1w : nibabel image or None
        With one, ``folder`` holds its transform to the T2w.
    folder : Path
    seed : int

    Returns
    -------
    structures : (x, y, z) array of int
    correlation : float

    """
    from pvs_workflow.registration.template import register_template
    from pvs_workflow.registration.transforms import apply_transforms

    atlas = nb.load(template_file('atlas-CerebrA_dseg'))
    template = nb.load(template_file('T2w' if t1w is None else 'T1w'))
    fixed, onward = (t2w, []) if t1w is None else (t1w, [folder / 'T1w.txt'])
    path = folder / 'template.nii.gz'
    correlation = register_template(fixed, template, atlas, t2w, path, seed, onward)
    labels = apply_transforms(t2w, atlas, [path], seed, labels=True)
    return add_capsule(np.asarray(labels.dataobj)), correlation


def find_anatomy(
    t2w: nb.Nifti1Image, t1w: nb.Nifti1Image | None, folder: Path, seed: int
) -> Anatomy:
    """Find the basal ganglia of a T2w, one step after the other.

    Parameters
    ----------
    t2w : nibabel image
        Canonical, as scanned.
    t1w : nibabel image or None
    folder : Path
        Gets the transforms.
    seed : int

    Raises
    ------
    RegistrationError, ImageError
        As in the app.

    """
    corrected = correct(t2w, seed)
    if t1w is not None:
        align(corrected, t1w, folder / 'T1w.txt', seed)
    structures, correlation = carry(corrected, t1w, folder, seed)
    return Anatomy(corrected, structures, correlation, _files(t1w is not None, folder))


def find_side_by_side(
    t2w: Path, t1w: Path | None, flair: Path | None, folder: Path, seed: int, nprocs: int = 2
) -> Anatomy:
    """Find the basal ganglia and lay all contrasts on the T2w, as the app shares out its work.

    The rigid registrations run side by side, each on one thread of a process of its own; the
    template waits for the T1w's only.

    Parameters
    ----------
    t2w, t1w, flair : Path
        Canonical volumes.
    folder : Path
        Gets the transforms.
    seed, nprocs : int

    """
    with ProcessPoolExecutor(nprocs, mp_context=get_context('spawn')) as pool:
        corrected = folder / 'corrected.nii.gz'
        seconds = {'bias': pool.submit(_correct, t2w, corrected, seed).result()}
        contrasts = {'T1w': t1w, 'FLAIR': flair}
        rigid = {
            name: pool.submit(_align, corrected, path, folder / f'{name}.txt', seed)
            for name, path in contrasts.items()
            if path
        }
        if t1w:
            seconds['T1w'] = rigid['T1w'].result()
        structures, correlation, seconds['template'] = pool.submit(
            _carry, corrected, t1w, folder, seed
        ).result()
        if flair:
            seconds['FLAIR'] = rigid['FLAIR'].result()
    files = _files(bool(t1w), folder)
    return Anatomy(nb.load(corrected), structures, correlation, files, seconds)


def judgement(anatomy: Anatomy, seed: int) -> Quality:
    """Judge a result as the app does, with all that it looks at.

    Raises
    ------
    ImageError
        If the six images cannot be cut, as in the app.

    """
    from pvs_workflow.networks.bundle import load_bundle
    from pvs_workflow.networks.engine import configure_tensorflow
    from pvs_workflow.networks.sureness import assess

    configure_tensorflow(1, seed)
    cascade = load_bundle(data.path('cascade'))
    affine = anatomy.t2w.affine
    roi = roi_labels(anatomy.structures)
    how = cascade.card.preprocessing
    views, images, rois = cut_six(np.asarray(anatomy.t2w.dataobj), roi, affine, how)
    familiar = assess(cascade.card, images, cascade.predict(images)).familiar
    return judge(
        rois,
        roi_volumes(roi, affine),
        [view.slice_index for view in views],
        roi.shape[2] // slices_per_slab(affine),
        anatomy.correlation,
        familiar.tolist(),
    )


def _files(with_t1w: bool, folder: Path) -> dict[str, Path]:
    t1w = {'T1w': folder / 'T1w.txt'} if with_t1w else {}
    return t1w | {'template': folder / 'template.nii.gz'}


def _correct(t2w: Path, out: Path, seed: int) -> float:
    begin = time.monotonic()
    corrected = correct(nb.load(t2w), seed)
    save_image(np.asarray(corrected.dataobj), corrected.affine, out)
    return time.monotonic() - begin


def _align(fixed: Path, moving: Path, path: Path, seed: int) -> float:
    begin = time.monotonic()
    align(nb.load(fixed), nb.load(moving), path, seed)
    return time.monotonic() - begin


def _carry(
    t2w: Path, t1w: Path | None, folder: Path, seed: int
) -> tuple[np.ndarray, float, float]:
    begin = time.monotonic()
    found = carry(nb.load(t2w), nb.load(t1w) if t1w else None, folder, seed)
    return *found, time.monotonic() - begin
