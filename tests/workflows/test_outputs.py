"""Outputs of one scan."""

from pathlib import Path

from pvs_workflow import data
from pvs_workflow.derivatives import names
from pvs_workflow.inputs import Scan
from pvs_workflow.workflows.outputs import image_sidecar, init_outputs_wf


def test_only_the_sidecar_of_the_t2w_names_the_scanner(tmp_path):
    anat = tmp_path / 'sub-01' / 'anat'
    anat.mkdir(parents=True)
    (tmp_path / 'T2w.json').write_text('{"Manufacturer": "M", "PatientID": "secret"}')
    scan = Scan('01', None, anat / 'sub-01_T2w.nii.gz', None, None, (('sub', '01'),))
    t2w = image_sidecar(scan, tmp_path, names.T2W)
    assert t2w == {
        'Sources': ['bids:raw:sub-01/anat/sub-01_T2w.nii.gz'],
        'SkullStripped': False,
        'Manufacturer': 'M',
    }
    enhanced = image_sidecar(scan, tmp_path, names.ENHANCED)
    assert 'Manufacturer' not in enhanced
    assert enhanced['SpatialReference'] == t2w['Sources'][0]


def test_a_missing_contrast_has_no_nodes():
    files = [Path('/data/sub-01_T2w.nii.gz'), None, Path('/data/sub-01_FLAIR.nii.gz')]
    scan = Scan('01', None, *files, (('sub', '01'),))
    workflow = init_outputs_wf(
        scan=scan, bids_dir=Path('/data'), output_dir=Path('/out'), model=data.path('cascade')
    )
    nodes = workflow.list_node_names()
    assert {'save_flair', 'save_flair_xfm', 'draw_flair', 'draw_template'} <= set(nodes)
    assert not [name for name in nodes if 't1w' in name]


def test_files_of_a_missing_contrast_are_obsolete():
    files = [Path('/data/sub-01_T2w.nii.gz'), None, Path('/data/sub-01_FLAIR.nii.gz')]
    scan = Scan('01', None, *files, (('sub', '01'),))
    workflow = init_outputs_wf(
        scan=scan, bids_dir=Path('/data'), output_dir=Path('/out'), model=data.path('cascade')
    )
    assert workflow.get_node('save_tables').inputs.obsolete == [
        '/out/sub-01/anat/sub-01_space-T2w_desc-preproc_T1w.nii.gz',
        '/out/sub-01/anat/sub-01_space-T2w_desc-preproc_T1w.json',
        '/out/sub-01/anat/sub-01_from-T1w_to-T2w_mode-image_xfm.txt',
        '/out/sub-01/figures/sub-01_desc-t1wreg_T2w.svg',
    ]
