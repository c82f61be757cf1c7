"""The app's anatomical half as the benchmarks call it: the one module that follows its changes.

Images are :class:`nibabel.Nifti1Image` in canonical order. ANTs and TensorFlow are loaded where
they are used, so that a process which only hands out work stays as small as the app's.
"""

from dataclasses import dataclass, field
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.interfaces.io import read_canonical
from pvs_workflow.science.checks import check_t2w_grid
from pvs_workflow.science.nuclei import (
    agreement,
    box_affine,
    label_scan,
    sample_box,
    structure_maps,
)
from pvs_workflow.science.quality import Quality, judge, roi_volumes
from pvs_workflow.science.roi import add_capsule, roi_labels
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slabs import slices_per_slab

Seen = tuple[np.ndarray, np.ndarray]
"""Matrix from the T2w's points to the template's, and probabilities in the box."""

AFFINE = 'affine.txt'
_NUCLEI = data.path('nuclei')
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
    agreements : list of float
        Of the nuclei in the T2w and in each other contrast.
    handedness : list of float
        How much better each other contrast fits than its mirror image.

    """

    t2w: nb.Nifti1Image
    structures: np.ndarray
    correlation: float
    transforms: dict[str, Path]
    seconds: dict[str, float] = field(default_factory=dict)
    agreements: list[float] = field(default_factory=list)
    handedness: list[float] = field(default_factory=list)


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


def align(fixed: nb.Nifti1Image, moving: nb.Nifti1Image, path: Path, seed: int) -> float:
    """Lay one contrast of a head on another, write the transform, and return the handedness."""
    from pvs_workflow.registration.rigid import register_rigid

    return register_rigid(fixed, moving, path, seed)


def lay_template(t2w: nb.Nifti1Image, folder: Path, seed: int) -> None:
    """Lay the template on a T2w as it was scanned."""
    from pvs_workflow.registration.affine import register_affine

    register_affine(t2w, nb.load(template_file('T2w')), folder / AFFINE, seed)


def find_nuclei(t2w: nb.Nifti1Image, folder: Path, seed: int) -> tuple[np.ndarray, Seen]:
    """Find the nuclei of a T2w that the template lies on.

    Parameters
    ----------
    t2w : nibabel image
        Without its shading.
    folder : Path
        That of :func:`lay_template`.
    seed : int

    Returns
    -------
    structures : (x, y, z) array of int
    seen : matrix from the T2w to the template, and probabilities in the box

    """
    from pvs_workflow.networks.engine import configure_tensorflow
    from pvs_workflow.networks.nuclei import load_nuclei_network, predict_nuclei
    from pvs_workflow.registration.affine import transform_matrix

    configure_tensorflow(1, seed)
    to_template = transform_matrix(folder / AFFINE, seed)
    network = load_nuclei_network(_NUCLEI / 'nuclei.safetensors')
    found = predict_nuclei(network, sample_box(t2w, to_template))
    labels = label_scan(found, t2w.shape, t2w.affine, to_template)
    return add_capsule(labels), (to_template, found)


def bend(t2w: nb.Nifti1Image, folder: Path, seen: Seen, seed: int) -> float:
    """Bend the template to the nuclei that :func:`find_nuclei` saw; return the correlation."""
    from pvs_workflow.registration.template import bend_template

    to_template, found = seen
    there = np.asarray(nb.load(_NUCLEI / 'template_probseg.nii.gz').dataobj, dtype=np.float32)
    return bend_template(
        nb.Nifti1Image(sample_box(t2w, to_template), box_affine()),
        nb.load(template_file('T2w')),
        t2w,
        (structure_maps(found), structure_maps(there)),
        folder / AFFINE,
        folder / 'template.nii.gz',
        seed,
    )


def compare(moving: nb.Nifti1Image, transform: Path, seen: Seen, seed: int) -> float:
    """Return how far another contrast shows the nuclei where the T2w does, as the app judges."""
    from pvs_workflow.networks.engine import configure_tensorflow
    from pvs_workflow.networks.nuclei import load_nuclei_network, predict_nuclei
    from pvs_workflow.registration.affine import transform_matrix

    configure_tensorflow(1, seed)
    to_template, found = seen
    box = sample_box(moving, to_template @ np.linalg.inv(transform_matrix(transform, seed)))
    network = load_nuclei_network(_NUCLEI / 'nuclei.safetensors')
    return agreement(found, predict_nuclei(network, box))


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
    lay_template(t2w, folder, seed)
    structures, seen = find_nuclei(corrected, folder, seed)
    correlation = bend(corrected, folder, seen, seed)
    agreements, handedness = [], []
    if t1w is not None:
        handedness.append(align(t2w, t1w, folder / 'T1w.txt', seed))
        agreements.append(compare(t1w, folder / 'T1w.txt', seen, seed))
    files = transform_files(t1w is not None, folder)
    fits = {'agreements': agreements, 'handedness': handedness}
    return Anatomy(corrected, structures, correlation, files, **fits)


def transform_files(with_t1w: bool, folder: Path) -> dict[str, Path]:
    """Return where the transforms of a head are, by name."""
    t1w = {'T1w': folder / 'T1w.txt'} if with_t1w else {}
    return t1w | {'template': folder / 'template.nii.gz'}


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
        anatomy.agreements,
        anatomy.handedness,
    )
