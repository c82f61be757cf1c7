"""Workflow that writes all outputs of one scan."""

from pathlib import Path

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.derivatives import names
from pvs_workflow.inputs import Scan
from pvs_workflow.inputs.metadata import Sidecars
from pvs_workflow.interfaces.derivatives import (
    IMAGE_SUFFIXES,
    SaveImage,
    SaveTables,
    SaveTransform,
)
from pvs_workflow.interfaces.figures import (
    DrawCascade,
    DrawRegistration,
    DrawROI,
    figure_path,
    registration_name,
)
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
"""Name, source result and field of each output image."""

_TRANSFORMS = {
    't1w_xfm': (f'{names.T1W_TRANSFORM}.txt', 't1w'),
    'flair_xfm': (f'{names.FLAIR_TRANSFORM}.txt', 'flair'),
    'template_xfm': (f'{names.TEMPLATE_TRANSFORM}.nii.gz', 'warp'),
}
_LOOKUPS = ('roi', 'structures')


def image_sidecar(scan: Scan, bids_dir: Path, tail: str) -> dict:
    """Return the metadata that BIDS requires for an image, and the scanner's for the T2w.

    ``tail`` is the part of the image's name after the scan's entities.
    """
    sources = list(scan.sources(bids_dir))
    content: dict = {'Sources': sources}
    if 'space-T2w' in tail:
        content['SpatialReference'] = sources[0]
    if not tail.endswith('_dseg'):
        content['SkullStripped'] = False
    if tail == names.T2W:
        # The group level compares scanners, but reads only derivatives.
        content |= Sidecars(bids_dir).read(scan.t2w)
    return content


def contrast_files(contrast: str, stem: str, figures: str) -> list[str]:
    """Return the files of another contrast (``t1w``, ``flair``).

    ``stem`` and ``figures`` are the paths that the names of derivatives and figures begin with.
    """
    image, transform = _IMAGES[contrast][0], _TRANSFORMS[f'{contrast}_xfm'][0]
    return [
        *(f'{stem}_{image}{suffix}' for suffix in IMAGE_SUFFIXES),
        f'{stem}_{transform}',
        figure_path(figures, registration_name(contrast)),
    ]


def init_outputs_wf(
    *, scan: Scan, bids_dir: Path, output_dir: Path, model: Path, name='outputs_wf'
):
    """Write images, transforms, tables and figures under their final names.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pathlib import Path
            from pvs_workflow import data
            from pvs_workflow.inputs import Scan
            from pvs_workflow.workflows.outputs import init_outputs_wf
            scan = Scan('01', None, Path('/data/sub-01_T2w.nii.gz'), None, None, (('sub', '01'),))
            wf = init_outputs_wf(
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
        Name of the workflow (default: ``outputs_wf``).

    Inputs
    ------
    t2w
        Canonical T2w, bias-corrected.
    t1w
        T1w, aligned with the T2w.
    flair
        FLAIR, aligned with the T2w.
    located
        Basal ganglia.
    warp
        The template, warped to the T2w.
    six
        The six images and their positions.
    counted
        Enhanced images, counts, intervals and grade probabilities.
    found
        The ePVS.
    quality
        Quality flags, with reasons.

    """
    workflow = pe.Workflow(name=name)
    fields = ['t2w', 't1w', 'flair', 'located', 'warp', 'six', 'counted', 'found', 'quality']
    inputnode = pe.Node(niu.IdentityInterface(fields=fields), name='inputnode')
    absent = [contrast for contrast in ('t1w', 'flair') if getattr(scan, contrast) is None]
    stem = str(output_dir / scan.folder / scan.prefix)
    figures = str(output_dir / f'sub-{scan.participant}' / 'figures' / scan.prefix)
    edges = []

    def add(node: str, interface, inputs: dict[str, str]) -> None:
        if not set(absent) & set(inputs):
            edges.append((inputnode, pe.Node(interface, name=node), list(inputs.items())))

    for image, (tail, result, field) in _IMAGES.items():
        save = SaveImage(
            field=field,
            t2w_file=scan.t2w,
            stem=f'{stem}_{tail}',
            lookup=image if image in _LOOKUPS else 'none',
            sidecar=image_sidecar(scan, bids_dir, tail),
            voxel_size=image == 't2w',
        )
        add(f'save_{image}', save, {result: 'result'})
    for transform, (tail, result) in _TRANSFORMS.items():
        add(f'save_{transform}', SaveTransform(target=f'{stem}_{tail}'), {result: 'result'})
    identity = {
        'participant': scan.participant,
        'session': scan.session,
        't2w': scan.t2w.relative_to(bids_dir).as_posix(),
        'model': read_card(model).label,
        'model_sha256': model_sha256(model),
    }
    save = SaveTables(
        identity=identity,
        stem=stem,
        sources=list(scan.sources(bids_dir)),
        obsolete=[path for contrast in absent for path in contrast_files(contrast, stem, figures)],
    )
    add('save_tables', save, _same('six', 'counted', 'found', 'quality'))
    add('draw_roi', DrawROI(stem=figures), _same('t2w', 'located', 'six'))
    add('draw_cascade', DrawCascade(stem=figures), _same('six', 'counted', 'found'))
    for result, label in (('t1w', 'T1w'), ('flair', 'FLAIR'), ('warp', 'Template')):
        draw = DrawRegistration(moving_name=label, stem=figures)
        add(f'draw_{label.lower()}', draw, _same('t2w', 'located') | {result: 'moving'})
    workflow.connect(edges)
    return workflow


def _same(*fields: str) -> dict[str, str]:
    return {field: field for field in fields}
