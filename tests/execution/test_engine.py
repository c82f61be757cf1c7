"""How scans are divided among graphs."""

from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.execution.engine import portions
from pvs_workflow.settings import Settings

SETTINGS = Settings(
    bids_dir=Path('in'),
    output_dir=Path('out'),
    work_dir=Path('work'),
    analysis_level='participant',
    run_id='run',
)


@pytest.mark.parametrize(
    ('nprocs', 'file', 'number', 'sizes'),
    [
        (2, None, 5, [5]),
        (1, None, 70, [32, 32, 6]),
        (2, None, 128, [64, 64]),
        (64, None, 600, [512, 88]),
        (1, Path('slurm.yml'), 250, [100, 100, 50]),
        (2, None, 0, []),
    ],
)
def test_portions(nprocs, file, number, sizes):
    settings = replace(SETTINGS, nprocs=nprocs, nipype_plugin_file=file)
    scans = list(range(number))
    found = portions(scans, settings)
    assert [len(one) for one in found] == sizes
    assert [scan for one in found for scan in one] == scans
