"""Workflows that conform and correct the images, locate the basal ganglia and align contrasts."""

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.interfaces.steps import (
    Align,
    CompareNuclei,
    Conform,
    ConformContrast,
    CorrectBias,
    FindNuclei,
    FindROI,
    RegisterTemplate,
    WarpTemplate,
)


def init_conform_wf(
    *, use_t1w: bool, use_flair: bool, bias_correction: bool, random_seed: int, name='conform_wf'
):
    """Check the images, reorder them to canonical order, and correct the bias field of the T2w.

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
        Whether to correct the T2w with N4.
    random_seed : int
        Random seed of ANTs, > 0.
    name : str
        Name of the workflow (default: ``conform_wf``).

    Inputs
    ------
    t2w
        The user's T2w file.
    t1w
        The user's T1w file (with ``use_t1w``).
    flair
        The user's FLAIR file (with ``use_flair``).

    Outputs
    -------
    t2w
        Canonical T2w, bias-corrected if ``bias_correction``.
    t1w
        Canonical T1w.
    flair
        Canonical FLAIR.
    conformed
        Canonical T2w before bias correction.

    """
    workflow = pe.Workflow(name=name)
    fields = ['t2w', 't1w', 'flair']
    inputnode = pe.Node(niu.IdentityInterface(fields=fields), name='inputnode')
    outputnode = pe.Node(niu.IdentityInterface(fields=[*fields, 'conformed']), name='outputnode')
    edges = []
    for contrast, used in zip(fields, (True, use_t1w, use_flair), strict=True):
        if not used:
            continue
        is_t2w = contrast == 't2w'
        interface = Conform(is_t2w=True) if is_t2w else ConformContrast()
        conform = pe.Node(interface, name=f'conform_{contrast}')
        edges.append((inputnode, conform, [(contrast, 'source')]))
        last = conform
        if is_t2w:
            edges.append((conform, outputnode, [('result', 'conformed')]))
        if is_t2w and bias_correction:
            correct_bias = pe.Node(CorrectBias(seed=random_seed), name='correct_bias')
            edges.append((conform, correct_bias, [('result', 't2w')]))
            last = correct_bias
        edges.append((last, outputnode, [('result', contrast)]))
    workflow.connect(edges)
    return workflow


def init_align_wf(*, contrast: str, random_seed: int, name='align_wf'):
    """Register another contrast of the same head to the T2w, and check the alignment.

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
        Random seed of ANTs and TensorFlow, > 0.
    name : str
        Name of the workflow (default: ``align_wf``).

    Inputs
    ------
    t2w
        Canonical T2w before bias correction, so this workflow does not wait for N4.
    moving
        Canonical image of the other contrast.
    affine
        Transform from the T2w to the template.
    nuclei
        Nuclei of the T2w.

    Outputs
    -------
    aligned
        The other contrast on the T2w grid, and its rigid transform.
    fit
        Agreement of the other contrast with the T2w.

    """
    workflow = pe.Workflow(name=name)
    compared = ['moving', 'affine', 'nuclei']
    inputnode = pe.Node(niu.IdentityInterface(fields=['t2w', *compared]), name='inputnode')
    outputnode = pe.Node(niu.IdentityInterface(fields=['aligned', 'fit']), name='outputnode')
    align = pe.Node(Align(seed=random_seed), name=f'align_{contrast.lower()}')
    compare = pe.Node(CompareNuclei(seed=random_seed), name=f'compare_{contrast.lower()}')
    workflow.connect(
        [
            (inputnode, align, [('t2w', 't2w'), ('moving', 'moving')]),
            (inputnode, compare, [(field, field) for field in compared]),
            (align, compare, [('result', 'aligned')]),
            (align, outputnode, [('result', 'aligned')]),
            (compare, outputnode, [('result', 'fit')]),
        ]
    )
    return workflow


def init_roi_wf(*, random_seed: int, name='roi_wf'):
    """Segment the nuclei of the T2w, derive the ROI, and warp the template to the nuclei.

    The template is registered to the T2w with an affine transform. A network segments the nuclei
    in template space, and the labels are resampled to the T2w. SyN then warps the template's
    nuclei to them; one composite transform maps the template to the T2w.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow.workflows.anatomy import init_roi_wf
            wf = init_roi_wf(random_seed=1)

    Parameters
    ----------
    random_seed : int
        Random seed of ANTs and TensorFlow, > 0.
    name : str
        Name of the workflow (default: ``roi_wf``).

    Inputs
    ------
    t2w
        Canonical T2w, bias-corrected.
    conformed
        Canonical T2w before bias correction, so the affine registration does not wait for N4.

    Outputs
    -------
    affine
        Transform from the T2w to the template.
    nuclei
        Nuclei of the T2w.
    located
        Structures and basal ganglia on the T2w grid.
    warp
        Transform from the template to the T2w, the template on its grid, and their correlation.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(niu.IdentityInterface(fields=['t2w', 'conformed']), name='inputnode')
    outputnode = pe.Node(
        niu.IdentityInterface(fields=['affine', 'nuclei', 'located', 'warp']), name='outputnode'
    )
    register_affine = pe.Node(RegisterTemplate(seed=random_seed), name='register_affine')
    find_nuclei = pe.Node(FindNuclei(seed=random_seed), name='find_nuclei')
    find_roi = pe.Node(FindROI(), name='find_roi')
    warp_template = pe.Node(WarpTemplate(seed=random_seed), name='warp_template')
    workflow.connect(
        [
            (inputnode, register_affine, [('conformed', 't2w')]),
            (inputnode, find_nuclei, [('t2w', 't2w')]),
            (register_affine, find_nuclei, [('result', 'affine')]),
            (find_nuclei, find_roi, [('result', 'nuclei')]),
            (inputnode, warp_template, [('t2w', 't2w')]),
            (register_affine, warp_template, [('result', 'affine')]),
            (find_nuclei, warp_template, [('result', 'nuclei')]),
            (register_affine, outputnode, [('result', 'affine')]),
            (find_nuclei, outputnode, [('result', 'nuclei')]),
            (find_roi, outputnode, [('result', 'located')]),
            (warp_template, outputnode, [('result', 'warp')]),
        ]
    )
    return workflow
