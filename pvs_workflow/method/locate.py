"""Step 3: locate the basal ganglia.

The template is registered to the T2w with an affine transform. A network segments the nuclei in
template space, and the labels are resampled to the T2w. The nuclei and the capsule that they
enclose form the region of interest. SyN then warps the template to these nuclei; the correlation
of template and T2w measures the quality of the registration.
"""

from dataclasses import dataclass
from functools import cache

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.errors import ImageError
from pvs_workflow.method.conform import Conformed, prefix_errors
from pvs_workflow.method.saved import Saved
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.nuclei import cached_nuclei_network, predict_nuclei
from pvs_workflow.registration.affine import register_affine
from pvs_workflow.registration.syn import register_syn
from pvs_workflow.registration.transforms import LinearTransform, apply_transform
from pvs_workflow.science.nuclei import (
    box_affine,
    ganglia_points,
    label_scan,
    sample_box,
    structure_maps,
)
from pvs_workflow.science.quality import visible_share
from pvs_workflow.science.roi import add_capsule, roi_labels

TEMPLATE = data.path('template', 'tpl-MNI152NLin2009cSym_res-1_T2w.nii.gz')
BRAIN = data.path('template', 'tpl-MNI152NLin2009cSym_res-1_desc-brain_mask.nii.gz')
NETWORK = data.path('nuclei', 'nuclei.safetensors')
# Class probabilities that the network predicts for the template, scaled to 0–255.
TEMPLATE_NUCLEI = data.path('nuclei', 'template_probseg.nii.gz')

MIN_VISIBLE = 0.6
"""Minimum share of the template's basal ganglia in the field of view; less cannot be read."""


@dataclass(frozen=True)
class TemplateAffine(Saved):
    """Affine registration of the template to a T2w.

    Attributes
    ----------
    transform : LinearTransform
        Transform from points of the T2w to points of the template.

    """

    transform: LinearTransform


@dataclass(frozen=True)
class Nuclei(Saved):
    """Deep grey matter of a T2w.

    Attributes
    ----------
    labels : nibabel image of int16
        Nuclei on the T2w's grid, with FreeSurfer's label numbers.
    box : nibabel image of float32
        The T2w in template space, cropped around the nuclei.
    probabilities : nibabel image of float32, 4D
        Probability of each class in the box.

    """

    labels: nb.Nifti1Image
    box: nb.Nifti1Image
    probabilities: nb.Nifti1Image


@dataclass(frozen=True)
class BasalGanglia(Saved):
    """Region of interest on the T2w's grid.

    Attributes
    ----------
    structures : nibabel image of int16
        Nuclei and internal capsule, with FreeSurfer's label numbers.
    roi : nibabel image of uint8
        1 left, 2 right.

    """

    structures: nb.Nifti1Image
    roi: nb.Nifti1Image


@dataclass(frozen=True)
class Warp(Saved):
    """The template, warped to a T2w.

    Attributes
    ----------
    transform : nibabel image
        Displacement field from the template to the T2w, in ITK's format.
    image : nibabel image of float32
        The template on the T2w's grid.
    correlation : float
        Correlation of template and T2w around the basal ganglia, -1 to 1.

    """

    transform: nb.Nifti1Image
    image: nb.Nifti1Image
    correlation: float


@dataclass(frozen=True)
class Location:
    """Basal ganglia of a T2w, with the registrations and nuclei they are derived from.

    Attributes
    ----------
    affine : TemplateAffine
    nuclei : Nuclei
    basal_ganglia : BasalGanglia
    warp : Warp

    """

    affine: TemplateAffine
    nuclei: Nuclei
    basal_ganglia: BasalGanglia
    warp: Warp


def locate(scan: Conformed, corrected: Conformed, seed: int) -> Location:
    """Locate the basal ganglia: run all parts of this step.

    Parameters
    ----------
    scan : Conformed
        The T2w.
    corrected : Conformed
        The bias-corrected T2w.
    seed : int
        Random seed of ANTs and TensorFlow, > 0.

    Returns
    -------
    Location

    Raises
    ------
    RegistrationError
        If the template does not fit the T2w.

    """
    affine = register_template(scan, seed)
    nuclei = find_nuclei(corrected, affine, seed)
    warp = warp_template(corrected, affine, nuclei, seed)
    return Location(affine, nuclei, find_roi(nuclei), warp)


def register_template(t2w: Conformed, seed: int) -> TemplateAffine:
    """Register the template to a T2w with an affine transform.

    Parameters
    ----------
    t2w : Conformed
        The T2w. It may still have its bias field, so this step does not wait for N4.
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    TemplateAffine

    Raises
    ------
    RegistrationError
        If the volume of the head relative to the template is implausible.

    """
    return TemplateAffine(register_affine(t2w.image, nb.load(TEMPLATE), nb.load(BRAIN), seed))


def find_nuclei(t2w: Conformed, affine: TemplateAffine, seed: int) -> Nuclei:
    """Segment the nuclei of a T2w.

    Parameters
    ----------
    t2w : Conformed
        The bias-corrected T2w.
    affine : TemplateAffine
        Registration of the template to this T2w.
    seed : int
        Random seed of TensorFlow.

    Returns
    -------
    Nuclei

    Raises
    ------
    ImageError
        If the field of view contains too little of the basal ganglia.

    """
    share = ganglia_in_view(t2w, affine)
    if share < MIN_VISIBLE:
        with prefix_errors(t2w.name):
            raise ImageError(
                f'its field of view shows {share:.0%} of the basal ganglia; give a T2w that '
                'shows all of both hemispheres'
            )
    matrix = affine.transform.matrix
    box, probabilities = predict_box(t2w, matrix, seed)
    labels = label_scan(probabilities, t2w.image.shape, t2w.image.affine, matrix)
    return Nuclei(
        nb.Nifti1Image(labels, t2w.image.affine),
        nb.Nifti1Image(box, box_affine()),
        nb.Nifti1Image(probabilities, box_affine()),
    )


def ganglia_in_view(t2w: Conformed, affine: TemplateAffine) -> float:
    """Return the share of the template's basal ganglia in the field of view of a T2w, 0 to 1."""
    to_voxel = np.linalg.inv(affine.transform.matrix @ t2w.image.affine)
    return visible_share(_template_ganglia(), to_voxel, t2w.image.shape)


@cache
def _template_ganglia() -> np.ndarray:
    return ganglia_points(np.asarray(nb.load(TEMPLATE_NUCLEI).dataobj))


def predict_box(
    scan: Conformed, to_template: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Resample a scan of any contrast to template space, and segment its nuclei there.

    Parameters
    ----------
    scan : Conformed
    to_template : (4, 4) array
        Affine from the scan's world coordinates to the template's, mm.
    seed : int
        Random seed of TensorFlow.

    Returns
    -------
    box : (64, 72, 56) array of float32
        Intensities in template space; 0 outside the scan.
    probabilities : (64, 72, 56, 7) array of float32, in [0, 1]
        Probability of each class.

    """
    # The last digits of a sum depend on the number of threads.
    configure_tensorflow(1, seed)
    box = sample_box(scan.image, to_template)
    return box, predict_nuclei(cached_nuclei_network(NETWORK), box)


def find_roi(nuclei: Nuclei) -> BasalGanglia:
    """Add the enclosed capsule to the nuclei, and merge the structures of each hemisphere."""
    structures = add_capsule(np.asarray(nuclei.labels.dataobj))
    return BasalGanglia(
        *(nb.Nifti1Image(a, nuclei.labels.affine) for a in (structures, roi_labels(structures)))
    )


def warp_template(t2w: Conformed, affine: TemplateAffine, nuclei: Nuclei, seed: int) -> Warp:
    """Warp the template to the nuclei of a T2w.

    Parameters
    ----------
    t2w : Conformed
        The bias-corrected T2w.
    affine : TemplateAffine
        Registration of the template to this T2w.
    nuclei : Nuclei
        Nuclei of this T2w.
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    Warp

    """
    template, linear = nb.load(TEMPLATE), affine.transform
    maps = tuple(
        structure_maps(np.asarray(image.dataobj, dtype=np.float32))
        for image in (nuclei.probabilities, nb.load(TEMPLATE_NUCLEI))
    )
    field, correlation = register_syn(nuclei.box, template, t2w.image, maps, linear, seed)
    return Warp(field, apply_transform(t2w.image, template, field), correlation)
