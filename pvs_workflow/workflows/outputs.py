"""Everything that is written for one scan."""

from pathlib import Path

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.derivatives import names
from pvs_workflow.inputs import Scan
from pvs_workflow.inputs.metadata import scanner_metadata
from pvs_workflow.interfaces.derivatives import SaveFile, SaveImage, SaveTables
from pvs_workflow.interfaces.figures import DrawCascade, DrawRegistration, DrawROI
from pvs_workflow.networks.bundle import model_sha256, read_card

_VOLUMES = {
    't2w': (names.T2W, 'none'),
    't1w': (names.T1W, 'none'),
    'flair': (names.FLAIR, 'none'),
    'roi': (names.ROI, 'roi'),
    'structures': (names.STRUCTURES, 'structures'),
    'enhanced': (names.ENHANCED, 'none'),
    'instances': (names.EPVS, 'none'),
}
_TRANSFORMS = {
    't1w_xfm': f'{names.T1W_TRANSFORM}.txt',
    'flair_xfm': f'{names.FLAIR_TRANSFORM}.txt',
    'template_xfm': f'{names.TEMPLATE_TRANSFORM}.nii.gz',
}
CASCADE = ('images', 'views', 'prediction', 'evidence')
FLAGS = ('images_qc', 'overall', 'reasons')


def used_fields(scan: Scan) -> list[str]:
    """Return the volumes and transforms that a scan has.

    Parameters
    ----------
    scan : Scan

    """
    absent = set()
    if scan.t1w is None:
        absent |= {'t1w', 't1w_xfm'}
    if scan.flair is None:
        absent |= {'flair', 'flair_xfm'}
    return [field for field in (*_VOLUMES, *_TRANSFORMS) if field not in absent]


def sidecar(scan: Scan, bids_dir: Path, tail: str) -> dict:
    """Return the metadata that BIDS requires of a volume; of the T2w, the scanner's, too.

    Parameters
    ----------
    scan : Scan
    bids_dir : Path
    tail : str
        The volume's name after the scan's entities.

    """
    sources = list(scan.sources(bids_dir))
    content: dict = {'Sources': sources}
    if 'space-T2w' in tail:
        content['SpatialReference'] = sources[0]
    if not tail.endswith('_dseg'):
        content['SkullStripped'] = False
    if tail == _VOLUMES['t2w'][0]:
        # The group level reads derivatives alone, and compares scanners.
        content |= scanner_metadata(bids_dir, scan.t2w)
    return content


def init_volumes_wf(*, scan: Scan, bids_dir: Path, output_dir: Path, name='volumes_wf'):
    """Write volumes and transforms under their final names.

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
        T1w on the T2w grid.
    flair
        FLAIR on the T2w grid.
    roi
        Basal ganglia: 1 left, 2 right.
    structures
        Named structures.
    enhanced
        Enhanced images in their place.
    instances
        Instance labels in their place.
    t1w_xfm
        Transform from T1w to T2w.
    flair_xfm
        Transform from FLAIR to T2w.
    template_xfm
        Transform from the template to T2w.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(niu.IdentityInterface(fields=[*_VOLUMES, *_TRANSFORMS]), name='inputnode')
    stem = output_dir / scan.folder / scan.prefix
    edges = []
    for field in used_fields(scan):
        if field in _VOLUMES:
            tail, lookup = _VOLUMES[field]
            save = SaveImage(
                t2w_file=scan.t2w,
                stem=f'{stem}_{tail}',
                lookup=lookup,
                sidecar=sidecar(scan, bids_dir, tail),
                voxel_size=field == 't2w',
            )
        else:
            save = SaveFile(target=f'{stem}_{_TRANSFORMS[field]}')
        node = pe.Node(save, name=f'save_{field}')
        edges.append((inputnode, node, [(field, 'in_file')]))
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
    images
        The six images and their ROIs.
    views
        Where they lie.
    prediction
        Counts, intervals and grade probabilities.
    evidence
        Instance labels per image.
    instances
        Instance labels in their place.
    images_qc
        Flag of each image.
    overall
        Flag of the scan.
    reasons
        Why it is not ``pass``.

    """
    workflow = pe.Workflow(name=name)
    used = [*CASCADE, 'instances', *FLAGS]
    inputnode = pe.Node(niu.IdentityInterface(fields=used), name='inputnode')
    save_tables = pe.Node(
        SaveTables(
            t2w_file=scan.t2w,
            t2w_name=scan.t2w.relative_to(bids_dir).as_posix(),
            participant=scan.participant,
            session=scan.session or '',
            stem=str(output_dir / scan.folder / scan.prefix),
            sources=list(scan.sources(bids_dir)),
            model_label=read_card(model).label,
            model_sha256=model_sha256(model),
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
        T1w on the T2w grid.
    flair
        FLAIR on the T2w grid.
    template
        The template's T2 average on the T2w grid.
    roi
        Basal ganglia: 1 left, 2 right.
    structures
        Named structures.
    images
        The six images and their ROIs.
    views
        Where they lie.
    prediction
        Enhanced images, counts, intervals and grade probabilities.
    evidence
        Instance labels per image.

    """
    workflow = pe.Workflow(name=name)
    inputnode = pe.Node(
        niu.IdentityInterface(
            fields=['t2w', 't1w', 'flair', 'template', 'roi', 'structures', *CASCADE]
        ),
        name='inputnode',
    )
    stem = str(output_dir / f'sub-{scan.participant}' / 'figures' / scan.prefix)
    draw_roi = pe.Node(DrawROI(t2w_file=scan.t2w, stem=stem), name='draw_roi')
    draw_cascade = pe.Node(DrawCascade(t2w_file=scan.t2w, stem=stem), name='draw_cascade')
    seen = [(field, field) for field in ('t2w', 'roi', 'structures', 'views')]
    edges = [
        (inputnode, draw_roi, seen),
        (inputnode, draw_cascade, [(field, field) for field in CASCADE]),
    ]
    others = {'t1w': scan.t1w and 'T1w', 'flair': scan.flair and 'FLAIR', 'template': 'Template'}
    for field, shown in others.items():
        if shown:
            draw = pe.Node(
                DrawRegistration(moving_name=shown, out_file=f'{stem}_desc-{field}reg_T2w.svg'),
                name=f'draw_{field}',
            )
            edges.append((inputnode, draw, [('t2w', 'fixed'), (field, 'moving'), ('roi', 'roi')]))
    workflow.connect(edges)
    return workflow
