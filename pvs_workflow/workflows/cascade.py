"""Workflow that cuts the six images, counts and finds the ePVS, and assesses the quality."""

from collections.abc import Sequence
from pathlib import Path

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.interfaces.steps import AssessQuality, CutImages, FindEPVS, RunCascade


def init_cascade_wf(
    *,
    model: Path,
    model_sha256: str,
    random_seed: int,
    problems: Sequence[str] = (),
    name='cascade_wf',
):
    """Cut the six images, enhance them, count, find the ePVS, and assess the quality.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow import data
            from pvs_workflow.workflows.cascade import init_cascade_wf
            wf = init_cascade_wf(model=data.path('cascade'), model_sha256='', random_seed=1)

    Parameters
    ----------
    model : Path
        The cascade bundle.
    model_sha256 : str
        Checksum of the bundle's card.
    random_seed : int
        Random seed of TensorFlow, > 0.
    problems : sequence of str
        What was wrong with optional files before processing.
    name : str
        Name of the workflow (default: ``cascade_wf``).

    Inputs
    ------
    t2w
        Canonical T2w, bias-corrected.
    located
        Basal ganglia on the T2w grid.
    affine
        Transform from the T2w to the template.
    warp
        The template, warped to the T2w.
    fits
        Agreement of each other contrast with the T2w, or why it is unusable (optional).

    Outputs
    -------
    six
        The six images, their ROIs and their positions.
    counted
        Enhanced images, counts, intervals and grade probabilities.
    found
        The ePVS, on the images and on the T2w grid.
    quality
        Quality flags, with reasons.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(
        niu.IdentityInterface(fields=['t2w', 'located', 'affine', 'warp', 'fits']),
        name='inputnode',
    )
    # Without other contrasts, the input stays unconnected.
    inputnode.inputs.fits = []
    outputnode = pe.Node(
        niu.IdentityInterface(fields=['six', 'counted', 'found', 'quality']), name='outputnode'
    )
    bundle = {'model': model, 'model_sha256': model_sha256}
    cut_images = pe.Node(CutImages(**bundle), name='cut_images')
    run_cascade = pe.Node(RunCascade(seed=random_seed, **bundle), name='run_cascade')
    find_epvs = pe.Node(FindEPVS(), name='find_epvs')
    assess_quality = pe.Node(AssessQuality(problems=list(problems)), name='assess_quality')
    assessed = ('t2w', 'located', 'affine', 'warp', 'fits')
    workflow.connect(
        [
            (inputnode, cut_images, [('t2w', 't2w'), ('located', 'located')]),
            (cut_images, run_cascade, [('result', 'six')]),
            (inputnode, find_epvs, [('t2w', 't2w')]),
            (cut_images, find_epvs, [('result', 'six')]),
            (run_cascade, find_epvs, [('result', 'counted')]),
            (inputnode, assess_quality, [(field, field) for field in assessed]),
            (cut_images, assess_quality, [('result', 'six')]),
            (run_cascade, assess_quality, [('result', 'counted')]),
            (cut_images, outputnode, [('result', 'six')]),
            (run_cascade, outputnode, [('result', 'counted')]),
            (find_epvs, outputnode, [('result', 'found')]),
            (assess_quality, outputnode, [('result', 'quality')]),
        ]
    )
    return workflow
