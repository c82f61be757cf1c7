"""Step 2: correct the intensity bias that the receive coils cause in the T2w."""

from dataclasses import replace

from pvs_workflow.method.conform import Conformed
from pvs_workflow.registration.bias import correct_bias


def correct(t2w: Conformed, seed: int) -> Conformed:
    """Remove the bias field of a T2w with N4.

    Parameters
    ----------
    t2w : Conformed
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    Conformed
        The corrected T2w on the same grid.

    """
    return replace(t2w, image=correct_bias(t2w.image, seed))
