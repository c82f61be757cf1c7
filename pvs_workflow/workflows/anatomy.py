"""Conform, correct, align, and carry the basal ganglia over."""

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow import data
from pvs_workflow.interfaces.anatomy import (
    Conform,
    CorrectBias,
    RegisterRigid,
    Resample,
)
from pvs_workflow.interfaces.cascade import FindROI
from pvs_workflow.interfaces.nuclei import (
    BendTemplate,
    CompareNuclei,
    FindNuclei,
    RegisterAffine,
)

_TEMPLATE = 'tpl-MNI152NLin2009cSym_res-1_{}.nii.gz'


def template_file(name: str):
    """Return the path of one of the template's images.

    Parameters
    ----------
    name : {'T1w', 'T2w', 'atlas-CerebrA_dseg', 'desc-brain_mask'}

    """
    return data.path('template', _TEMPLATE.format(name))


def nuclei_file(name: str):
    """Return the path of a file of the nuclei network.

    Parameters
    ----------
    name : {'nuclei.safetensors', 'template_probseg.nii.gz'}

    """
    return data.path('nuclei', name)


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
    conformed
        Canonical T2w with its shading.

    """
    workflow = pe.Workflow(name=name)
    fields = ['t2w', 't1w', 'flair']
    inputnode = pe.Node(niu.IdentityInterface(fields=fields), name='inputnode')
    outputnode = pe.Node(niu.IdentityInterface(fields=[*fields, 'conformed']), name='outputnode')
    edges = []
    for contrast, used in zip(fields, (True, use_t1w, use_flair), strict=True):
        if not used:
            continue
        conform = pe.Node(Conform(is_t2w=contrast == 't2w'), name=f'conform_{contrast}')
        edges.append((inputnode, conform, [(contrast, 'in_file')]))
        last = conform
        if contrast == 't2w':
            edges.append((conform, outputnode, [('out_file', 'conformed')]))
        if contrast == 't2w' and bias_correction:
            correct_bias = pe.Node(CorrectBias(seed=random_seed), name='correct_bias')
            edges.append((conform, correct_bias, [('out_file', 'in_file')]))
            last = correct_bias
        edges.append((last, outputnode, [('out_file', contrast)]))
    workflow.connect(edges)
    return workflow


def init_align_wf(*, contrast: str, random_seed: int, name='align_wf'):
    """Lay another contrast of the same head onto the T2w, and see whether it lies there.

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
        Canonical T2w; its shading does no harm, so that nothing has to wait for N4.
    moving
        Canonical volume of the other contrast.
    affine
        From the T2w to the template.
    probabilities
        What the T2w shows of the nuclei.

    Outputs
    -------
    transform
        Rigid, from the other contrast to the T2w.
    aligned
        The other contrast on the T2w grid.
    agreement
        Overlap of the nuclei that both contrasts show.
    handedness
        How much better it fits than its mirror image.

    """
    workflow = pe.Workflow(name=name)
    seen = ['affine', 'probabilities']
    inputnode = pe.Node(niu.IdentityInterface(fields=['t2w', 'moving', *seen]), name='inputnode')
    outputnode = pe.Node(
        niu.IdentityInterface(fields=['transform', 'aligned', 'agreement', 'handedness']),
        name='outputnode',
    )
    register = pe.Node(RegisterRigid(seed=random_seed), name=f'register_{contrast.lower()}')
    resample = pe.Node(Resample(seed=random_seed), name=f'resample_{contrast.lower()}')
    compare = pe.Node(
        CompareNuclei(network=nuclei_file('nuclei.safetensors'), seed=random_seed),
        name=f'compare_{contrast.lower()}',
    )
    workflow.connect(
        [
            (inputnode, register, [('t2w', 'fixed'), ('moving', 'moving')]),
            (inputnode, resample, [('t2w', 'reference'), ('moving', 'in_file')]),
            (register, resample, [('transform', 'transform')]),
            (register, outputnode, [(field, field) for field in ('transform', 'handedness')]),
            (resample, outputnode, [('out_file', 'aligned')]),
            (inputnode, compare, [(field, field) for field in ('moving', *seen)]),
            (register, compare, [('transform', 'transform')]),
            (compare, outputnode, [('agreement', 'agreement')]),
        ]
    )
    return workflow


def init_roi_wf(*, random_seed: int, name='roi_wf'):
    """Find the nuclei on the T2w, make the ROI of them, and bend the template to them.

    The template is laid on the T2w; in its space a network finds the nuclei, whose labels the T2w
    gets. SyN bends the template's own nuclei to them: one composite transform leads from the
    template to the T2w.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pvs_workflow.workflows.anatomy import init_roi_wf
            wf = init_roi_wf(random_seed=1)

    Parameters
    ----------
    random_seed : int
        Seed of ANTs and TensorFlow, > 0.
    name : str
        Name of the workflow (default: ``roi_wf``).

    Inputs
    ------
    t2w
        Canonical T2w, without its shading.
    conformed
        The same as it was scanned: the affine does not wait for N4.

    Outputs
    -------
    affine
        From the T2w to the template.
    probabilities
        What the T2w shows of the nuclei.
    transform
        Displacement field from the template to the T2w.
    template
        The template's T2 average on the T2w grid.
    structures
        Named structures on the T2w grid, FreeSurfer numbers.
    roi
        Basal ganglia on the T2w grid: 1 left, 2 right.
    correlation
        Of the T2w and the template around the basal ganglia.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(niu.IdentityInterface(fields=['t2w', 'conformed']), name='inputnode')
    outputnode = pe.Node(
        niu.IdentityInterface(
            fields=[
                'affine',
                'probabilities',
                'transform',
                'template',
                'structures',
                'roi',
                'correlation',
            ]
        ),
        name='outputnode',
    )
    template = template_file('T2w')
    register_affine = pe.Node(
        RegisterAffine(template=template, seed=random_seed), name='register_affine'
    )
    find_nuclei = pe.Node(
        FindNuclei(network=nuclei_file('nuclei.safetensors'), seed=random_seed),
        name='find_nuclei',
    )
    bend_template = pe.Node(
        BendTemplate(
            template=template,
            template_probabilities=nuclei_file('template_probseg.nii.gz'),
            seed=random_seed,
        ),
        name='bend_template',
    )
    carry_template = pe.Node(Resample(in_file=template, seed=random_seed), name='carry_template')
    find_roi = pe.Node(FindROI(), name='find_roi')
    bent = [('transform', 'transform'), ('correlation', 'correlation')]
    seen = [('probabilities', 'probabilities')]
    workflow.connect(
        [
            (inputnode, register_affine, [('conformed', 'fixed')]),
            (inputnode, find_nuclei, [('t2w', 't2w')]),
            (register_affine, find_nuclei, [('transform', 'affine')]),
            (inputnode, bend_template, [('t2w', 'target')]),
            (register_affine, bend_template, [('transform', 'affine')]),
            (find_nuclei, bend_template, [('box', 'box'), *seen]),
            (inputnode, carry_template, [('t2w', 'reference')]),
            (bend_template, carry_template, [('transform', 'transform')]),
            (find_nuclei, find_roi, [('labels', 'labels')]),
            (register_affine, outputnode, [('transform', 'affine')]),
            (find_nuclei, outputnode, seen),
            (bend_template, outputnode, bent),
            (carry_template, outputnode, [('out_file', 'template')]),
            (find_roi, outputnode, [('structures', 'structures'), ('roi', 'roi')]),
        ]
    )
    return workflow
