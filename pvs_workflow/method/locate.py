"""Step 3: locate the basal ganglia.

The template is registered to the T2w by an affine transform. In its space a network finds the
nuclei, which are taken back to the T2w; with the capsule that they enclose they are the region of
interest. SyN then warps the template to these nuclei, which says how well it fits.
"""

from dataclasses import dataclass

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.saved import Saved
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.nuclei import cached_nuclei_network, predict_nuclei
from pvs_workflow.registration.affine import register_affine
from pvs_workflow.registration.syn import register_syn
from pvs_workflow.registration.transforms import LinearTransform, apply_transform
from pvs_workflow.science.nuclei import box_affine, label_scan, sample_box, structure_maps
from pvs_workflow.science.roi import add_capsule, roi_labels

TEMPLATE = data.path('template', 'tpl-MNI152NLin2009cSym_res-1_T2w.nii.gz')
NETWORK = data.path('nuclei', 'nuclei.safetensors')
# What the network sees in the template, 0 to 255.
TEMPLATE_NUCLEI = data.path('nuclei', 'template_probseg.nii.gz')


@dataclass(frozen=True)
class TemplateAffine(Saved):
    """The affine registration of the template to a T2w.

    Attributes
    ----------
    transform : LinearTransform
        From points of the T2w to points of the template.

    """

    transform: LinearTransform


@dataclass(frozen=True)
class Nuclei(Saved):
    """The deep grey matter of a T2w.

    Attributes
    ----------
    labels : nibabel image of int16
        Nuclei on the T2w's grid, by FreeSurfer's numbers.
    box : nibabel image of float32
        The T2w in template space, around the nuclei.
    probabilities : nibabel image of float32, 4D
        Of each class, in the box.

    """

    labels: nb.Nifti1Image
    box: nb.Nifti1Image
    probabilities: nb.Nifti1Image


@dataclass(frozen=True)
class BasalGanglia(Saved):
    """The region of interest, on the T2w's grid.

    Attributes
    ----------
    structures : nibabel image of int16
        Nuclei and internal capsule, by FreeSurfer's numbers.
    roi : nibabel image of uint8
        1 left, 2 right.

    """

    structures: nb.Nifti1Image
    roi: nb.Nifti1Image


@dataclass(frozen=True)
class Warp(Saved):
    """The template, registered to a T2w.

    Attributes
    ----------
    transform : nibabel image
        Displacement field from the template to the T2w, as ITK stores it.
    image : nibabel image of float32
        The template on the T2w's grid.
    correlation : float
        Of the two around the basal ganglia, -1 to 1.

    """

    transform: nb.Nifti1Image
    image: nb.Nifti1Image
    correlation: float


@dataclass(frozen=True)
class Location:
    """Where the basal ganglia of a T2w are, and what that rests on."""

    affine: TemplateAffine
    nuclei: Nuclei
    basal_ganglia: BasalGanglia
    warp: Warp


def locate(scan: Conformed, corrected: Conformed, seed: int) -> Location:
    """Locate the basal ganglia: all parts of this step, one after the other.

    ``corrected`` is the T2w ``scan`` without shading; ``seed`` is ANTs' and TensorFlow's, > 0.
    """
    affine = register_template(scan, seed)
    nuclei = find_nuclei(corrected, affine, seed)
    warp = warp_template(corrected, affine, nuclei, seed)
    return Location(affine, nuclei, find_roi(nuclei), warp)


def register_template(t2w: Conformed, seed: int) -> TemplateAffine:
    """Register the template to a T2w with an affine transform.

    The T2w's shading does no harm, so that this need not wait for N4. ``seed`` is ANTs', > 0.
    """
    return TemplateAffine(register_affine(t2w.image, nb.load(TEMPLATE), seed))


def find_nuclei(t2w: Conformed, affine: TemplateAffine, seed: int) -> Nuclei:
    """Find the nuclei of a T2w without shading; ``seed`` is TensorFlow's."""
    matrix = affine.transform.matrix
    box, probabilities = predict_box(t2w, matrix, seed)
    labels = label_scan(probabilities, t2w.image.shape, t2w.image.affine, matrix)
    return Nuclei(
        nb.Nifti1Image(labels, t2w.image.affine),
        nb.Nifti1Image(box, box_affine()),
        nb.Nifti1Image(probabilities, box_affine()),
    )


def predict_box(
    scan: Conformed, to_template: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a scan of any contrast in template space, and what the network sees there.

    Parameters
    ----------
    scan : Conformed
    to_template : (4, 4) array
        From millimetres of the scan to those of the template.
    seed : int

    Returns
    -------
    box : (64, 72, 56) array
    probabilities : (64, 72, 56, 7) array

    """
    # One thread: the last digits of a sum depend on how many share it.
    configure_tensorflow(1, seed)
    box = sample_box(scan.image, to_template)
    return box, predict_nuclei(cached_nuclei_network(NETWORK), box)


def find_roi(nuclei: Nuclei) -> BasalGanglia:
    """Add the enclosed capsule to the nuclei, and merge each hemisphere's."""
    structures = add_capsule(np.asarray(nuclei.labels.dataobj))
    return BasalGanglia(
        *(nb.Nifti1Image(a, nuclei.labels.affine) for a in (structures, roi_labels(structures)))
    )


def warp_template(t2w: Conformed, affine: TemplateAffine, nuclei: Nuclei, seed: int) -> Warp:
    """Warp the template to the nuclei of a T2w; ``seed`` is ANTs', > 0."""
    template, linear = nb.load(TEMPLATE), affine.transform
    maps = tuple(
        structure_maps(np.asarray(image.dataobj, dtype=np.float32))
        for image in (nuclei.probabilities, nb.load(TEMPLATE_NUCLEI))
    )
    field, correlation = register_syn(nuclei.box, template, t2w.image, maps, linear, seed)
    return Warp(field, apply_transform(t2w.image, template, field), correlation)
