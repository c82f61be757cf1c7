"""The workflow has one branch for each scan."""

from pathlib import Path

from pvs_workflow import data
from pvs_workflow.inputs import Scan
from pvs_workflow.workflows.base import init_pvs_wf


def test_crash_files_of_a_scan_go_to_the_log_of_its_participant():
    scans = [
        Scan(label, None, Path(f'/data/sub-{label}_T2w.nii.gz'), None, None, (('sub', label),))
        for label in ('01', '02')
    ]
    workflow = init_pvs_wf(
        scans=scans,
        bids_dir=Path('/data'),
        output_dir=Path('/out'),
        run_id='run',
        model=data.path('cascade'),
        random_seed=1,
    )
    for name in workflow.list_node_names():
        label = name.split('_wf')[0].removeprefix('sub_')
        config = workflow.get_node(name).config
        assert config['execution']['crashdump_dir'] == f'/out/sub-{label}/log/run'
