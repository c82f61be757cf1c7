"""Everything that is written for one scan."""

from pathlib import Path

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.derivatives import names
from pvs_workflow.inputs import Scan
from pvs_workflow.inputs.metadata import scanner_metadata
from pvs_workflow.interfaces.derivatives import SaveImage, SaveTables, SaveTransform
from pvs_workflow.interfaces.figures import DrawCascade, DrawRegistration, DrawROI
from pvs_workflow.networks.bundle import model_sha256, read_card

_IMAGES = {
    't2w': (names.T2W, 't2w', 'image'),
    't1w': (names.T1W, 't1w', 'image'),
    'flair': (names.FLAIR, 'flair', 'image'),
    'roi': (names.ROI, 'located', 'roi'),
    'structures': (names.STRUCTURES, 'located', 'structures'),
    'enhanced': (names.ENHANCED, 'found', 'enhanced'),
    'instances': (names.EPVS, 'found', 'instances'),
}
"""Of each image that is written: its name, the result that has it, and its name in that."""

_TRANSFORMS = {
    't1w_xfm': (f'{names.T1W_TRANSFORM}.txt', 't1w'),
    'flair_xfm': (f'{names.FLAIR_TRANSFORM}.txt', 'flair'),
    'template_xfm': (f'{names.TEMPLATE_TRANSFORM}.nii.gz', 'warp'),
}
_LOOKUPS = ('roi', 'structures')
RESULTS = ('six', 'counted', 'found')


def image_sidecar(scan: Scan, bids_dir: Path, tail: str) -> dict:
    """Return the metadata that BIDS requires of an image; of the T2w, the scanner's, too.

    Parameters
    ----------
    scan : Scan
    bids_dir : Path
    tail : str
        The image's name after the scan's entities.

    """
    sources = list(scan.sources(bids_dir))
    content: dict = {'Sources': sources}
    if 'space-T2w' in tail:
        content['SpatialReference'] = sources[0]
    if not tail.endswith('_dseg'):
        content['SkullStripped'] = False
    if tail == names.T2W:
        # The group level reads derivatives alone, and compares scanners.
        content |= scanner_metadata(bids_dir, scan.t2w)
    return content


def init_volumes_wf(*, scan: Scan, bids_dir: Path, output_dir: Path, name='volumes_wf'):
    """Write images and transforms under their final names.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pathlib import Path
            from pvs_workflow.inputs import Scan
            from pvs_workflow.workflows.outputs import init_volumes_wf
            scan = Scan('01', None, Path('/data/sub-01_T2w.nii.gz'), None, None, (('sub', '01'),))
            wf = init_volumes_wf(scan=scan, bids_dir=Path('/data'), output_dir=Path('/out'))

    Parameters
    ----------
    scan : Scan
        The scan.
    bids_dir : Path
        The raw dataset.
    output_dir : Path
        The derivative dataset.
    name : str
        Name of the workflow (default: ``volumes_wf``).

    Inputs
    ------
    t2w
        Canonical T2w that the cascade saw.
    t1w
        T1w, aligned with the T2w.
    flair
        FLAIR, aligned with the T2w.
    located
        Basal ganglia.
    found
        The ePVS.
    warp
        The template, registered to the T2w.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(
        niu.IdentityInterface(fields=['t2w', 't1w', 'flair', 'located', 'found', 'warp']),
        name='inputnode',
    )
    stem = output_dir / scan.folder / scan.prefix
    absent = {name for name in ('t1w', 'flair') if getattr(scan, name) is None}
    edges = []
    for name, (tail, result, field) in _IMAGES.items():
        if result not in absent:
            save = SaveImage(
                field=field,
                t2w_file=scan.t2w,
                stem=f'{stem}_{tail}',
                lookup=name if name in _LOOKUPS else 'none',
                sidecar=image_sidecar(scan, bids_dir, tail),
                voxel_size=name == 't2w',
            )
            edges.append((inputnode, pe.Node(save, name=f'save_{name}'), [(result, 'result')]))
    for name, (tail, result) in _TRANSFORMS.items():
        if result not in absent:
            save = SaveTransform(target=f'{stem}_{tail}')
            edges.append((inputnode, pe.Node(save, name=f'save_{name}'), [(result, 'result')]))
    workflow.connect(edges)
    return workflow


def init_tables_wf(*, scan: Scan, bids_dir: Path, output_dir: Path, model: Path, name='tables_wf'):
    """Write instances, counts and grade.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pathlib import Path
            from pvs_workflow import data
            from pvs_workflow.inputs import Scan
            from pvs_workflow.workflows.outputs import init_tables_wf
            scan = Scan('01', None, Path('/data/sub-01_T2w.nii.gz'), None, None, (('sub', '01'),))
            wf = init_tables_wf(
                scan=scan,
                bids_dir=Path('/data'),
                output_dir=Path('/out'),
                model=data.path('cascade'),
            )

    Parameters
    ----------
    scan : Scan
        The scan.
    bids_dir : Path
        The raw dataset.
    output_dir : Path
        The derivative dataset.
    model : Path
        The cascade bundle.
    name : str
        Name of the workflow (default: ``tables_wf``).

    Inputs
    ------
    six
        The six images, and where they lie.
    counted
        Counts, intervals and grade probabilities.
    found
        The ePVS.
    quality
        Flags, with reasons.

    """
    workflow = pe.Workflow(name=name)
    used = [*RESULTS, 'quality']
    inputnode = pe.Node(niu.IdentityInterface(fields=used), name='inputnode')
    identity = {
        'participant': scan.participant,
        'session': scan.session,
        't2w': scan.t2w.relative_to(bids_dir).as_posix(),
        'model': read_card(model).label,
        'model_sha256': model_sha256(model),
    }
    save_tables = pe.Node(
        SaveTables(
            identity=identity,
            stem=str(output_dir / scan.folder / scan.prefix),
            sources=list(scan.sources(bids_dir)),
        ),
        name='save_tables',
    )
    workflow.connect([(inputnode, save_tables, [(field, field) for field in used])])
    return workflow


def init_figures_wf(*, scan: Scan, output_dir: Path, name='figures_wf'):
    """Draw the figures of the subject's report.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pathlib import Path
            from pvs_workflow.inputs import Scan
            from pvs_workflow.workflows.outputs import init_figures_wf
            scan = Scan('01', None, Path('/data/sub-01_T2w.nii.gz'), None, None, (('sub', '01'),))
            wf = init_figures_wf(scan=scan, output_dir=Path('/out'))

    Parameters
    ----------
    scan : Scan
        The scan.
    output_dir : Path
        The derivative dataset.
    name : str
        Name of the workflow (default: ``figures_wf``).

    Inputs
    ------
    t2w
        Canonical T2w that the cascade saw.
    t1w
        T1w, aligned with the T2w.
    flair
        FLAIR, aligned with the T2w.
    warp
        The template, registered to the T2w.
    located
        Basal ganglia.
    six
        The six images, and where they lie.
    counted
        Enhanced images, counts, intervals and grade probabilities.
    found
        The ePVS.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(
        niu.IdentityInterface(fields=['t2w', 't1w', 'flair', 'warp', 'located', *RESULTS]),
        name='inputnode',
    )
    stem = str(output_dir / f'sub-{scan.participant}' / 'figures' / scan.prefix)
    draw_roi = pe.Node(DrawROI(stem=stem), name='draw_roi')
    draw_cascade = pe.Node(DrawCascade(stem=stem), name='draw_cascade')
    edges = [
        (inputnode, draw_roi, [(field, field) for field in ('t2w', 'located', 'six')]),
        (inputnode, draw_cascade, [(field, field) for field in RESULTS]),
    ]
    others = {'t1w': scan.t1w and 'T1w', 'flair': scan.flair and 'FLAIR', 'warp': 'Template'}
    for result, shown in others.items():
        if shown:
            draw = pe.Node(
                DrawRegistration(moving_name=shown, stem=stem), name=f'draw_{shown.lower()}'
            )
            fields = [('t2w', 't2w'), (result, 'moving'), ('located', 'located')]
            edges.append((inputnode, draw, fields))
    workflow.connect(edges)
    return workflow
