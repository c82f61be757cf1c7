"""Step 4: register T1w and FLAIR to the T2w, and check that they show the same head."""

from dataclasses import dataclass

import nibabel as nb
import numpy as np

from pvs_workflow.errors import RegistrationError
from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.locate import Nuclei, TemplateAffine, predict_box
from pvs_workflow.method.saved import Saved
from pvs_workflow.registration.rigid import register_rigid
from pvs_workflow.registration.transforms import LinearTransform, apply_transform
from pvs_workflow.science.nuclei import nuclei_overlap


@dataclass(frozen=True)
class Aligned(Saved):
    """Another contrast, aligned with the T2w.

    Attributes
    ----------
    transform : LinearTransform
        Rigid transform from points of the T2w to points of the other contrast.
    image : nibabel image of float32
        The other contrast on the T2w's grid.
    handedness : float
        Mutual information with the T2w, divided by that of the mirror image; below 1 if the
        mirror image fits better.

    """

    transform: LinearTransform
    image: nb.Nifti1Image
    handedness: float


@dataclass(frozen=True)
class ContrastFit(Saved):
    """Agreement between another contrast and the T2w.

    Attributes
    ----------
    name : str
        File name of the other contrast, for messages.
    overlap : float
        Dice coefficient of the basal ganglia segmented in both, 0 to 1.
    handedness : float
        As in :class:`Aligned`.

    """

    name: str
    overlap: float
    handedness: float


def align(t2w: Conformed, moving: Conformed, seed: int) -> Aligned:
    """Register another contrast of the same head to the T2w, and resample it once.

    Parameters
    ----------
    t2w : Conformed
        The T2w. It may still have its bias field, so this step does not wait for N4.
    moving : Conformed
        The other contrast.
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    Aligned

    Raises
    ------
    RegistrationError
        If ANTs finds no overlap, for example.

    """
    try:
        transform, handedness = register_rigid(t2w.image, moving.image, seed)
        image = apply_transform(t2w.image, moving.image, transform)
    except RuntimeError as error:
        raise RegistrationError(
            'it cannot be registered to the T2w; check that both show the same head'
        ) from error
    return Aligned(transform, image, handedness)


def compare(
    moving: Conformed, aligned: Aligned, affine: TemplateAffine, nuclei: Nuclei, seed: int
) -> ContrastFit:
    """Segment the nuclei in another contrast to check its alignment with the T2w.

    Parameters
    ----------
    moving : Conformed
        The other contrast.
    aligned : Aligned
        Result of :func:`align` for this contrast.
    affine : TemplateAffine
        Registration of the template to the T2w.
    nuclei : Nuclei
        Nuclei of the T2w.
    seed : int
        Random seed of TensorFlow.

    Returns
    -------
    ContrastFit

    """
    to_template = affine.transform.matrix @ np.linalg.inv(aligned.transform.matrix)
    _, probabilities = predict_box(moving, to_template, seed)
    overlap = nuclei_overlap(np.asarray(nuclei.probabilities.dataobj), probabilities)
    return ContrastFit(moving.name, overlap, aligned.handedness)
