"""Six images, two networks, evidence and quality."""

from pathlib import Path

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.interfaces.cascade import CutImages, FindEvidence, Judge, RunCascade


def init_cascade_wf(
    *, model: Path, model_sha256: str, source: str, random_seed: int, name='cascade_wf'
):
    """Cut the six images, enhance them, count, and gather evidence.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow import data
            from pvs_workflow.workflows.cascade import init_cascade_wf
            wf = init_cascade_wf(
                model=data.path('cascade'), model_sha256='', source='T2w', random_seed=1
            )

    Parameters
    ----------
    model : Path
        The cascade bundle.
    model_sha256 : str
        Checksum of its card.
    source : str
        Name of the input file, for messages.
    random_seed : int
        TensorFlow's seed, > 0.
    name : str
        Name of the workflow (default: ``cascade_wf``).

    Inputs
    ------
    t2w
        Canonical T2w.
    roi
        Basal ganglia on the T2w grid: 1 left, 2 right.
    correlation
        Of the scan and the template around the basal ganglia.
    agreements
        Overlap of the nuclei that the T2w and each other contrast show; may be left out.
    handedness
        Of each other contrast: how much better it fits than its mirror image; may be left out.

    Outputs
    -------
    images
        The six images and their ROIs.
    views
        Where they lie.
    prediction
        Enhanced images, counts, intervals, grade probabilities and familiarity.
    evidence
        Instance labels per image.
    enhanced
        Enhanced images in their place on the T2w grid.
    instances
        Instance labels in their place on the T2w grid.
    images_qc
        Flag of each image.
    overall
        Flag of the scan.
    reasons
        Why it is not ``pass``.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(
        niu.IdentityInterface(fields=['t2w', 'roi', 'correlation', 'agreements', 'handedness']),
        name='inputnode',
    )
    # A T2w alone has nothing to agree with.
    inputnode.inputs.agreements = []
    inputnode.inputs.handedness = []
    outputnode = pe.Node(
        niu.IdentityInterface(
            fields=[
                'images',
                'views',
                'prediction',
                'evidence',
                'enhanced',
                'instances',
                'images_qc',
                'overall',
                'reasons',
            ]
        ),
        name='outputnode',
    )
    bundle = {'model': model, 'model_sha256': model_sha256}
    cut_images = pe.Node(CutImages(source=source, **bundle), name='cut_images')
    run_cascade = pe.Node(RunCascade(seed=random_seed, **bundle), name='run_cascade')
    find_evidence = pe.Node(FindEvidence(), name='find_evidence')
    judge = pe.Node(Judge(), name='judge')
    cut = [('images', 'images'), ('views', 'views')]
    judged = ('roi', 'correlation', 'agreements', 'handedness')
    flags = [(field, field) for field in ('images_qc', 'overall', 'reasons')]
    found = [(field, field) for field in ('evidence', 'enhanced', 'instances')]
    workflow.connect(
        [
            (inputnode, cut_images, [('t2w', 't2w'), ('roi', 'roi')]),
            (cut_images, run_cascade, [('images', 'images')]),
            (inputnode, find_evidence, [('t2w', 't2w')]),
            (cut_images, find_evidence, cut),
            (run_cascade, find_evidence, [('prediction', 'prediction')]),
            (inputnode, judge, [(field, field) for field in judged]),
            (cut_images, judge, cut),
            (run_cascade, judge, [('prediction', 'prediction')]),
            (cut_images, outputnode, cut),
            (run_cascade, outputnode, [('prediction', 'prediction')]),
            (find_evidence, outputnode, found),
            (judge, outputnode, flags),
        ]
    )
    return workflow
