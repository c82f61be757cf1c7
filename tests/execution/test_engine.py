"""How scans are divided among graphs, and what is cleaned."""

from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.execution.engine import clean_work, portions
from pvs_workflow.inputs import Scan
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


def test_of_a_shared_work_folder_only_the_scans_own_folders_are_removed(tmp_path):
    scans = [Scan(f'0{n}', None, Path('t2w.nii'), None, None, (('sub', f'0{n}'),)) for n in (1, 2)]
    for scan in scans:
        (tmp_path / 'pvs_wf' / f'{scan.name}_wf').mkdir(parents=True)
    clean_work(replace(SETTINGS, work_dir=tmp_path), scans[:1])
    assert [path.name for path in (tmp_path / 'pvs_wf').iterdir()] == ['sub_02_wf']
