"""Conform, correct, align, and carry the basal ganglia over."""

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow import data
from pvs_workflow.interfaces.anatomy import (
    Conform,
    CorrectBias,
    RegisterRigid,
    RegisterTemplate,
    Resample,
)
from pvs_workflow.interfaces.cascade import FindROI

_TEMPLATE = 'tpl-MNI152NLin2009cSym_res-1_{}.nii.gz'


def template_file(name: str):
    """Return the path of one of the template's images.

    Parameters
    ----------
    name : {'T1w', 'T2w', 'atlas-CerebrA_dseg', 'desc-brain_mask'}

    """
    return data.path('template', _TEMPLATE.format(name))


def init_conform_wf(
    *, use_t1w: bool, use_flair: bool, bias_correction: bool, random_seed: int, name='conform_wf'
):
    """Check the images, bring them into canonical order, and even out the T2w's shading.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow.workflows.anatomy import init_conform_wf
            wf = init_conform_wf(
                use_t1w=True, use_flair=True, bias_correction=True, random_seed=1
            )

    Parameters
    ----------
    use_t1w : bool
        Whether there is a T1w.
    use_flair : bool
        Whether there is a FLAIR.
    bias_correction : bool
        Whether N4 is run on the T2w.
    random_seed : int
        ANTs' seed, > 0.
    name : str
        Name of the workflow (default: ``conform_wf``).

    Inputs
    ------
    t2w
        T2w as the user stored it.
    t1w
        T1w as the user stored it (with ``use_t1w``).
    flair
        FLAIR as the user stored it (with ``use_flair``).

    Outputs
    -------
    t2w
        Canonical T2w, bias-corrected with ``bias_correction``.
    t1w
        Canonical T1w.
    flair
        Canonical FLAIR.

    """
    workflow = pe.Workflow(name=name)
    fields = ['t2w', 't1w', 'flair']
    inputnode = pe.Node(niu.IdentityInterface(fields=fields), name='inputnode')
    outputnode = pe.Node(niu.IdentityInterface(fields=fields), name='outputnode')
    edges = []
    for contrast, used in zip(fields, (True, use_t1w, use_flair), strict=True):
        if not used:
            continue
        conform = pe.Node(
            Conform(is_t2w=contrast == 't2w'), name=f'conform_{contrast}', mem_gb=0.5
        )
        edges.append((inputnode, conform, [(contrast, 'in_file')]))
        last = conform
        if contrast == 't2w' and bias_correction:
            correct_bias = pe.Node(
                CorrectBias(seed=random_seed), name='correct_bias', mem_gb=1, n_procs=1
            )
            edges.append((conform, correct_bias, [('out_file', 'in_file')]))
            last = correct_bias
        edges.append((last, outputnode, [('out_file', contrast)]))
    workflow.connect(edges)
    return workflow


def init_align_wf(*, contrast: str, random_seed: int, name='align_wf'):
    """Lay another contrast of the same head onto the T2w.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow.workflows.anatomy import init_align_wf
            wf = init_align_wf(contrast='T1w', random_seed=1)

    Parameters
    ----------
    contrast : str
        ``T1w`` or ``FLAIR``; part of the node names.
    random_seed : int
        ANTs' seed, > 0.
    name : str
        Name of the workflow (default: ``align_wf``).

    Inputs
    ------
    t2w
        Canonical T2w.
    moving
        Canonical volume of the other contrast.

    Outputs
    -------
    transform
        Rigid, from the other contrast to the T2w.
    aligned
        The other contrast on the T2w grid.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(niu.IdentityInterface(fields=['t2w', 'moving']), name='inputnode')
    outputnode = pe.Node(niu.IdentityInterface(fields=['transform', 'aligned']), name='outputnode')
    register = pe.Node(
        RegisterRigid(seed=random_seed), name=f'register_{contrast.lower()}', mem_gb=1
    )
    resample = pe.Node(Resample(seed=random_seed), name=f'resample_{contrast.lower()}', mem_gb=1)
    workflow.connect(
        [
            (inputnode, register, [('t2w', 'fixed'), ('moving', 'moving')]),
            (inputnode, resample, [('t2w', 'reference'), ('moving', 'in_file')]),
            (register, resample, [('transform', 'transform')]),
            (register, outputnode, [('transform', 'transform')]),
            (resample, outputnode, [('out_file', 'aligned')]),
        ]
    )
    return workflow


def init_roi_wf(*, use_t1w: bool, random_seed: int, name='roi_wf'):
    """Carry the template's nuclei to the T2w and make the ROI of them.

    The template meets the T1w where there is one, for its contrast of grey and white matter, and
    the T2w itself otherwise. One composite transform carries the labels.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow.workflows.anatomy import init_roi_wf
            wf = init_roi_wf(use_t1w=True, random_seed=1)

    Parameters
    ----------
    use_t1w : bool
        Whether there is a T1w.
    random_seed : int
        ANTs' seed, > 0.
    name : str
        Name of the workflow (default: ``roi_wf``).

    Inputs
    ------
    t2w
        Canonical T2w.
    t1w
        Canonical T1w (with ``use_t1w``).
    t1w_to_t2w
        Rigid transform from T1w to T2w (with ``use_t1w``).

    Outputs
    -------
    transform
        Displacement field from the template to the T2w.
    template
        The template's T2 average on the T2w grid.
    structures
        Named structures on the T2w grid, FreeSurfer numbers.
    roi
        Basal ganglia on the T2w grid: 1 left, 2 right.
    correlation
        Of the scan and the template around the basal ganglia.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(
        niu.IdentityInterface(fields=['t2w', 't1w', 't1w_to_t2w']), name='inputnode'
    )
    outputnode = pe.Node(
        niu.IdentityInterface(
            fields=['transform', 'template', 'structures', 'roi', 'correlation']
        ),
        name='outputnode',
    )
    register_template = pe.Node(
        RegisterTemplate(
            template=template_file('T1w' if use_t1w else 'T2w'),
            atlas=template_file('atlas-CerebrA_dseg'),
            seed=random_seed,
        ),
        name='register_template',
        mem_gb=1.5,
    )
    carry_labels = pe.Node(
        Resample(in_file=template_file('atlas-CerebrA_dseg'), labels=True, seed=random_seed),
        name='carry_labels',
        mem_gb=1.5,
    )
    carry_template = pe.Node(
        Resample(in_file=template_file('T2w'), seed=random_seed), name='carry_template', mem_gb=1
    )
    find_roi = pe.Node(FindROI(), name='find_roi', mem_gb=0.5)
    if use_t1w:
        scan = [('t1w', 'fixed'), ('t1w_to_t2w', 'onward'), ('t2w', 'target')]
    else:
        scan = [('t2w', 'fixed'), ('t2w', 'target')]
    workflow.connect(
        [
            (inputnode, register_template, scan),
            (inputnode, carry_labels, [('t2w', 'reference')]),
            (inputnode, carry_template, [('t2w', 'reference')]),
            (register_template, carry_labels, [('transform', 'transform')]),
            (register_template, carry_template, [('transform', 'transform')]),
            (carry_labels, find_roi, [('out_file', 'labels')]),
            (
                register_template,
                outputnode,
                [('transform', 'transform'), ('correlation', 'correlation')],
            ),
            (carry_template, outputnode, [('out_file', 'template')]),
            (find_roi, outputnode, [('structures', 'structures'), ('roi', 'roi')]),
        ]
    )
    return workflow
