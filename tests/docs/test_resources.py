"""The memory limits on the usage page are those of the app."""

import re
from pathlib import Path

import pytest

from pvs_workflow import data
from pvs_workflow.execution.memory import IDLE_GB, RUN_GB
from pvs_workflow.inputs import Scan
from pvs_workflow.workflows.base import init_scan_wf
from pvs_workflow.workflows.memory import BYTES_PER_VOXEL

PAGE = (Path(__file__).parents[2] / 'docs' / 'usage.md').read_text(encoding='utf-8')


def value_in_table(row):
    (number,) = re.findall(rf'^\| {re.escape(row)}.* \|[^\d\n]*([\d.]+) \|$', PAGE, re.MULTILINE)
    return float(number)


@pytest.fixture(scope='module')
def max_step_gb(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bids')
    images = [folder / f'sub-01_{name}.nii.gz' for name in ('T2w', 'T1w', 'FLAIR')]
    scan = Scan('01', None, *images, (('sub', '01'),))
    workflow = init_scan_wf(
        scan=scan,
        bids_dir=folder,
        output_dir=folder,
        model=data.path('cascade'),
        random_seed=1,
    )
    return max(node.mem_gb for node in workflow._get_all_nodes())


def test_the_table_of_memory(max_step_gb):
    assert value_in_table('the run itself') == RUN_GB
    assert value_in_table('a process between two steps') == IDLE_GB
    assert value_in_table('a process at its step') == max_step_gb
    assert value_in_table('… for each further 10 million voxels') == BYTES_PER_VOXEL * 1e7 / 1e9
    assert f'{RUN_GB} GB and {max_step_gb:g} GB for each of `--nprocs`' in PAGE
