"""Step 4: align T1w and FLAIR with the T2w, and check that they show the same head."""

from dataclasses import dataclass

import nibabel as nb
import numpy as np

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
        Rigid, from points of the T2w to points of the other contrast.
    image : nibabel image of float32
        The other contrast on the T2w's grid.
    handedness : float
        How much better it fits than its mirror image: a ratio of mutual information.

    """

    transform: LinearTransform
    image: nb.Nifti1Image
    handedness: float


@dataclass(frozen=True)
class ContrastFit(Saved):
    """How well another contrast fits the T2w.

    Attributes
    ----------
    overlap : float
        Of the basal ganglia that both show (Dice).
    handedness : float
        How much better it fits than its mirror image.

    """

    overlap: float
    handedness: float


def align(t2w: Conformed, moving: Conformed, seed: int) -> Aligned:
    """Register another contrast of the same head to the T2w, and resample it once.

    The T2w's shading does no harm, so that this need not wait for N4. ``seed`` is ANTs', > 0.
    """
    transform, handedness = register_rigid(t2w.image, moving.image, seed)
    return Aligned(transform, apply_transform(t2w.image, moving.image, transform), handedness)


def compare(
    moving: Conformed, aligned: Aligned, affine: TemplateAffine, nuclei: Nuclei, seed: int
) -> ContrastFit:
    """Find the nuclei in another contrast, too, to see whether it is aligned with the T2w.

    ``aligned`` is the same contrast, from :func:`align`; ``affine`` and ``nuclei`` are the T2w's,
    and ``seed`` is TensorFlow's.
    """
    to_template = affine.transform.matrix @ np.linalg.inv(aligned.transform.matrix)
    _, probabilities = predict_box(moving, to_template, seed)
    overlap = nuclei_overlap(np.asarray(nuclei.probabilities.dataobj), probabilities)
    return ContrastFit(overlap, aligned.handedness)
