"""The complete workflow: one branch for each scan."""

from collections.abc import Sequence
from pathlib import Path

from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe

from pvs_workflow.inputs import Scan
from pvs_workflow.networks.bundle import model_sha256
from pvs_workflow.workflows.anatomy import init_align_wf, init_conform_wf, init_roi_wf
from pvs_workflow.workflows.cascade import init_cascade_wf
from pvs_workflow.workflows.memory import count_voxels, declare_memory
from pvs_workflow.workflows.outputs import init_outputs_wf


def init_pvs_wf(
    *,
    scans: Sequence[Scan],
    bids_dir: Path,
    output_dir: Path,
    run_id: str,
    model: Path,
    random_seed: int,
    bias_correction: bool = True,
    name='pvs_wf',
):
    """Count the enlarged perivascular spaces of every scan.

    Workflow Graph
        .. workflow::
            :graph2use: colored
            :simple_form: yes

            from pathlib import Path
            from pvs_workflow import data
            from pvs_workflow.inputs import Scan
            from pvs_workflow.workflows.base import init_pvs_wf
            scan = Scan('01', None, Path('/data/sub-01_T2w.nii.gz'), None, None, (('sub', '01'),))
            wf = init_pvs_wf(
                scans=[scan],
                bids_dir=Path('/data'),
                output_dir=Path('/out'),
                run_id='run',
                model=data.path('cascade'),
                random_seed=1,
            )

    Parameters
    ----------
    scans : sequence of Scan
        The scans to process; each gets a branch named ``<scan.name>_wf``.
    bids_dir : Path
        The raw dataset.
    output_dir : Path
        The derivative dataset; crash files are written to its ``sub-X/log/<run_id>/``.
    run_id : str
        Name of this run.
    model : Path
        The cascade bundle.
    random_seed : int
        Random seed of ANTs and TensorFlow, > 0.
    bias_correction : bool
        Whether to correct the T2w with N4.
    name : str
        Name of the workflow (default: ``pvs_wf``).

    """
    workflow = pe.Workflow(name=name)
    for scan in scans:
        scan_wf = init_scan_wf(
            scan=scan,
            bids_dir=bids_dir,
            output_dir=output_dir,
            model=model,
            random_seed=random_seed,
            bias_correction=bias_correction,
            name=f'{scan.name}_wf',
        )
        crashes = output_dir / f'sub-{scan.participant}' / 'log' / run_id
        for node in scan_wf.list_node_names():
            scan_wf.get_node(node).config = {'execution': {'crashdump_dir': str(crashes)}}
        workflow.add_nodes([scan_wf])
    return workflow


def init_scan_wf(
    *,
    scan: Scan,
    bids_dir: Path,
    output_dir: Path,
    model: Path,
    random_seed: int,
    bias_correction: bool = True,
    name='scan_wf',
):
    """Count the enlarged perivascular spaces of one T2w.

    Workflow Graph
        .. workflow::
            :graph2use: orig
            :simple_form: yes

            from pathlib import Path
            from pvs_workflow import data
            from pvs_workflow.inputs import Scan
            from pvs_workflow.workflows.base import init_scan_wf
            scan = Scan('01', None, Path('/data/sub-01_T2w.nii.gz'), None, None, (('sub', '01'),))
            wf = init_scan_wf(
                scan=scan,
                bids_dir=Path('/data'),
                output_dir=Path('/out'),
                model=data.path('cascade'),
                random_seed=1,
            )

    Parameters
    ----------
    scan : Scan
        The T2w, with its T1w and FLAIR, if any.
    bids_dir : Path
        The raw dataset.
    output_dir : Path
        The derivative dataset.
    model : Path
        The cascade bundle.
    random_seed : int
        Random seed of ANTs and TensorFlow, > 0.
    bias_correction : bool
        Whether to correct the T2w with N4.
    name : str
        Name of the workflow (default: ``scan_wf``).

    """
    workflow = pe.Workflow(name=name)
    images = {'t2w': scan.t2w, 't1w': scan.t1w, 'flair': scan.flair}
    scannode = pe.Node(niu.IdentityInterface(fields=list(images)), name='scannode')
    for field, path in images.items():
        if path is not None:
            setattr(scannode.inputs, field, str(path))
    conform_wf = init_conform_wf(
        use_t1w=scan.t1w is not None,
        use_flair=scan.flair is not None,
        bias_correction=bias_correction,
        random_seed=random_seed,
    )
    roi_wf = init_roi_wf(random_seed=random_seed)
    cascade_wf = init_cascade_wf(
        model=model,
        model_sha256=model_sha256(model),
        random_seed=random_seed,
        problems=scan.problems,
    )
    outputs_wf = init_outputs_wf(scan=scan, bids_dir=bids_dir, output_dir=output_dir, model=model)
    edges = [
        (
            scannode,
            conform_wf,
            [(field, f'inputnode.{field}') for field, path in images.items() if path],
        ),
        (conform_wf, roi_wf, _same('t2w', 'conformed')),
        (conform_wf, cascade_wf, _same('t2w')),
        (roi_wf, cascade_wf, _same('located', 'affine', 'warp')),
        (conform_wf, outputs_wf, _same('t2w')),
        (roi_wf, outputs_wf, _same('located', 'warp')),
        (cascade_wf, outputs_wf, _same('six', 'counted', 'found', 'quality')),
    ]
    others = [name for name in ('T1w', 'FLAIR') if images[name.lower()] is not None]
    fits = pe.Node(niu.Merge(len(others)), name='fits', run_without_submitting=True)
    for number, contrast in enumerate(others, start=1):
        field = contrast.lower()
        align_wf = init_align_wf(
            contrast=contrast, random_seed=random_seed, name=f'align_{field}_wf'
        )
        edges += [
            (conform_wf, align_wf, [_to('conformed', 't2w'), _to(field, 'moving')]),
            (roi_wf, align_wf, _same('affine', 'nuclei')),
            (align_wf, fits, [('outputnode.fit', f'in{number}')]),
            (align_wf, outputs_wf, [_to('aligned', field)]),
        ]
    if others:
        edges.append((fits, cascade_wf, [('out', 'inputnode.fits')]))
    workflow.connect(edges)
    declare_memory(workflow, {field: count_voxels(path) for field, path in images.items()})
    return workflow


def _to(out: str, into: str) -> tuple[str, str]:
    return f'outputnode.{out}', f'inputnode.{into}'


def _same(*fields: str) -> list[tuple[str, str]]:
    return [_to(field, field) for field in fields]
