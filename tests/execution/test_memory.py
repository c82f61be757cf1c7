"""Memory limits of a run (``--mem``)."""

import json
import subprocess
import sys

import pytest

from pvs_workflow.execution.memory import IDLE_GB, RUN_GB, plan_memory
from tests.builders.execution import MEMORY as GRAPH


def run(folder, nprocs, mem, together, *needs):
    words = [sys.executable, GRAPH, folder, nprocs, mem, together, *needs]
    process = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    lines = (folder / 'work' / 'notes').read_text().splitlines()
    notes = {note['name']: note for note in map(json.loads, lines)}
    return json.loads((folder / 'outcome.json').read_text()), notes


def max_simultaneous(notes, word):
    selected = [note for name, note in notes.items() if word in name]
    return max(
        sum(other['begin'] <= note['begin'] < other['end'] for other in selected)
        for note in selected
    )


def test_the_requested_memory_takes_precedence(monkeypatch):
    monkeypatch.setenv('SLURM_MEM_PER_NODE', '1000')
    assert plan_memory(5.0) == 5.0


def test_nine_tenths_of_the_available_memory_are_planned(monkeypatch):
    monkeypatch.setenv('SLURM_MEM_PER_NODE', '1000')
    assert plan_memory(None) == pytest.approx(0.9 * 1000 * 2**20 / 1e9)


@pytest.mark.slow
@pytest.mark.parametrize(('free_gb', 'together'), [(1.0, 1), (1.3, 2), (2.0, 3)])
def test_simultaneous_steps_fit_in_memory(tmp_path, free_gb, together):
    outcome, notes = run(tmp_path, 3, RUN_GB + free_gb, together, 0.6, 0.6, 0.6)
    assert len(outcome['done']) == 3
    assert max_simultaneous(notes, 'first') == together


@pytest.mark.slow
def test_a_step_that_needs_too_much_memory_fails_alone(tmp_path):
    outcome, notes = run(tmp_path, 2, 3.0, 1, 0.5, 4.0, 0.5)
    assert outcome['done'] == ['sub-01', 'sub-03']
    assert outcome['failed'] == {
        'sub-02': f'sub-02: step first may need {4 + RUN_GB:.1f} GB of memory for a scan of this '
        'size, but the run has 3.0 GB; increase --mem'
    }
    assert not [name for name in notes if '02' in name]


@pytest.mark.slow
def test_every_scan_fails_without_memory(tmp_path):
    words = [sys.executable, GRAPH, tmp_path, '2', '0.2', '1', '0.5', '0.5']
    process = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False, timeout=120
    )
    assert process.returncode == 0, process.stderr
    assert len(json.loads((tmp_path / 'outcome.json').read_text())['failed']) == 2


@pytest.mark.slow
def test_an_idle_worker_stops_when_another_needs_its_memory(tmp_path):
    # Two small steps run in parallel; the third needs the memory of the idle worker.
    assert IDLE_GB > 0.05
    outcome, notes = run(tmp_path, 2, RUN_GB + 1.05, 2, 0.2, 0.2, 1.0)
    assert len(outcome['done']) == 3
    assert max_simultaneous(notes, 'first') == 2
    assert max(note['workers'] for note in notes.values()) == 2
    assert notes['sub_03 first']['workers'] == 1
