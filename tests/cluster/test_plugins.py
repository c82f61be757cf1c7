"""Nipype's plugin on a real Slurm: same bytes as a local run, and dead jobs."""

import json
import re
import subprocess
import sys

import pytest

from tests.builders.cluster import PARTICIPANTS
from tests.builders.example import run, tables
from tests.builders.execution import ALL, TINY, WITHOUT_FAILURE

pytestmark = pytest.mark.slow


def plugin_file(folder, memory):
    path = folder / 'plugin.yml'
    # Slurm exports only PYTHONPATH; the plugin must export the variables that affect results.
    options = f'--mem={memory} --cpus-per-task=1 --export=PYTHONPATH'
    path.write_text(f'plugin: SLURM\nplugin_args:\n  sbatch_args: {options}\n')
    return path


def test_tables_equal_those_of_a_local_run(dataset, local, tmp_path):
    options = ('--nipype-plugin-file', plugin_file(tmp_path, '4G'))
    process = run(dataset, tmp_path / 'out', 'participant', *options)
    assert process.returncode == 0, process.stderr
    assert len(tables(local)) >= 3 * len(PARTICIPANTS)
    assert tables(tmp_path / 'out') == tables(local)
    for label in PARTICIPANTS:
        assert (tmp_path / 'out' / f'sub-{label}.html').exists()
    # Steps are up to date, except those that write to the output folder or read T1w and FLAIR.
    jobs = set((tmp_path / 'out_work').rglob('batchscript_*.sh'))
    process = run(dataset, tmp_path / 'out', 'participant', *options)
    assert process.returncode == 0, process.stderr
    new = set((tmp_path / 'out_work').rglob('batchscript_*.sh')) - jobs
    again = re.compile('_wf_(save|draw)_|_wf_conform_(t1w|flair)')
    assert {again.search(path.name) is not None for path in new} <= {True}
    assert tables(tmp_path / 'out') == tables(local)


@pytest.mark.parametrize(
    ('case', 'message'),
    [
        ('fine', None),
        ('image-error', 'sub-02: x.nii.gz is 4D'),
        ('killed', 'left no result and ended as FAILED'),
        ('optional-killed', None),
    ],
)
def test_a_failed_or_killed_step_does_not_affect_others(case, message, tmp_path):
    plugin_file(tmp_path, '1G')
    process = subprocess.run(
        [sys.executable, TINY, case, tmp_path, 'plugin'], capture_output=True, text=True
    )
    assert (tmp_path / 'outcome.json').exists(), process.stderr
    outcome = json.loads((tmp_path / 'outcome.json').read_text())
    assert outcome['done'] == (WITHOUT_FAILURE if message else ALL)
    assert list(outcome['failed']) == (['sub-02'] if message else [])
    if message:
        assert message in outcome['failed']['sub-02']
