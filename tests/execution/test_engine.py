"""Batches of scans, and cleaning of the work folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.execution.engine import clean_work, split_scans
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
def test_scans_are_split_into_batches(nprocs, file, number, sizes):
    settings = replace(SETTINGS, nprocs=nprocs, nipype_plugin_file=file)
    scans = list(range(number))
    batches = split_scans(scans, settings)
    assert [len(batch) for batch in batches] == sizes
    assert [scan for batch in batches for scan in batch] == scans


def test_only_the_folders_of_the_scans_are_removed(tmp_path):
    scans = [Scan(f'0{n}', None, Path('t2w.nii'), None, None, (('sub', f'0{n}'),)) for n in (1, 2)]
    for scan in scans:
        (tmp_path / 'pvs_wf' / f'{scan.name}_wf').mkdir(parents=True)
    clean_work(replace(SETTINGS, work_dir=tmp_path), scans[:1])
    assert [path.name for path in (tmp_path / 'pvs_wf').iterdir()] == ['sub_02_wf']
