"""Small graphs run by the local plugin: order, failures and cached results."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import pytest
from nipype.pipeline.engine import Node, Workflow

from pvs_workflow.execution.plugin import MemoryLimitedPlugin, pass_on_failure, work_order
from pvs_workflow.interfaces.steps import Conform, ConformContrast
from pvs_workflow.method.saved import Unusable
from tests.builders.execution import ALL, TINY, WITHOUT_FAILURE


@dataclass(frozen=True)
class Step:
    fullname: str


def steps(scan, *names):
    return [Step(f'pvs_wf.{scan}.{name}') for name in names]


def test_the_longest_chain_runs_first():
    short, long, middle, last = steps('sub_01_wf', 'short', 'long', 'inner_wf.middle', 'last')
    graph = nx.DiGraph([(short, last), (long, middle), (middle, last)])
    nodes = [short, long, middle, last]
    order = dict(zip(nodes, work_order(graph, nodes), strict=True))
    assert sorted(nodes, key=order.get) == [long, short, middle, last]


def test_an_earlier_scan_runs_before_a_longer_one():
    (only,), (first, second) = steps('sub_02_wf', 'only'), steps('sub_01_wf', 'first', 'second')
    graph = nx.DiGraph([(first, second)])
    graph.add_node(only)
    nodes = [only, first, second]
    order = dict(zip(nodes, work_order(graph, nodes), strict=True))
    assert sorted(nodes, key=order.get) == [only, first, second]


@pytest.fixture
def tiny(tmp_path):
    """Return a function that runs a small graph and returns the process and the outcome."""

    def call(case, *options):
        completed = subprocess.run(
            [sys.executable, '-W', 'error', TINY, case, tmp_path, *options],
            capture_output=True,
            text=True,
            timeout=240,
        )
        path = tmp_path / 'outcome.json'
        return completed, json.loads(path.read_text()) if path.exists() else None

    return call


def steps_run(folder):
    return sorted(line.split()[0] for line in (folder / 'runs.txt').read_text().splitlines())


@pytest.mark.slow
def test_the_engine_runs_all_steps_and_resumes(tiny, tmp_path):
    completed, outcome = tiny('fine', 'graph')
    assert (completed.returncode, outcome['done'], outcome['failed']) == (0, ALL, {})
    assert outcome['heavy'] == []
    assert completed.stdout == ''
    lines = completed.stderr.splitlines()
    assert lines[-1].startswith('8 of 8 steps, sub-0')
    logs = tmp_path / 'out' / 'logs'
    assert 'a worker talks' in (logs / 'run_workers.log').read_text()
    assert 'sub_01_wf' in (logs / 'graph.dot').read_text()
    assert len(steps_run(tmp_path)) == 4
    completed, outcome = tiny('fine')
    assert (completed.returncode, outcome['done']) == (0, ALL)
    assert len(steps_run(tmp_path)) == 4


@pytest.mark.slow
def test_a_resumed_scan_does_not_wait_for_another(tiny, tmp_path):
    """Its next step starts as soon as the previous one is up to date."""
    assert tiny('wait')[0].returncode == 0
    for step in ('sub_01_wf/last', 'sub_02_wf/first'):
        shutil.rmtree(tmp_path / 'work/pvs_wf' / step)
    (tmp_path / 'out/sub-01/anat/sub-01_desc-potter_grade.tsv').unlink()
    completed, outcome = tiny('wait')
    assert (completed.returncode, outcome['done']) == (0, ALL)
    assert steps_run(tmp_path).count('sub_01') == 1
    assert steps_run(tmp_path).count('sub_02') == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ('case', 'message'),
    [
        ('killed', 'sub-02: step first failed: its process was killed'),
        ('image-error', 'sub-02: x.nii.gz is 4D; give a 3D image'),
        ('bug', "sub-02: step first failed: KeyError: 'an unforeseen bug'"),
        ('missing-result', 'sub-02: all steps succeeded but '),
    ],
)
def test_one_failure_does_not_stop_the_others(tiny, tmp_path, case, message):
    completed, outcome = tiny(case)
    assert completed.returncode == 1
    assert outcome['done'] == WITHOUT_FAILURE
    assert list(outcome['failed']) == ['sub-02']
    assert outcome['failed']['sub-02'].startswith(message)
    assert '\n' not in outcome['failed']['sub-02']
    assert 'Traceback' not in completed.stderr
    if case == 'bug':
        crash_file = outcome['failed']['sub-02'].rpartition('details: ')[2].rstrip(')')
        assert 'an unforeseen bug' in Path(crash_file).read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ('case', 'reason'),
    [
        ('optional-killed', 'step first failed: its process was killed'),
        ('optional-bug', "step first failed: KeyError: 'an unforeseen bug'"),
    ],
)
def test_a_failed_step_on_an_optional_image_passes_on_the_reason(tiny, tmp_path, case, reason):
    completed, outcome = tiny(case, 'stop')
    assert (completed.returncode, outcome['done'], outcome['failed']) == (0, ALL, {})
    grade = tmp_path / 'out/sub-02/anat/sub-02_desc-potter_grade.tsv'
    assert grade.read_text().startswith(f'a grade; {reason}')
    # The next run tries the step again.
    tiny(case, 'stop')
    assert steps_run(tmp_path).count('sub_02') == 2
    assert steps_run(tmp_path).count('sub_01') == 1


def unreadable_t1w(folder):
    """Return a step that reads a T1w, and the file of its result."""
    interface = ConformContrast(source=str(folder / 'T1w.nii'))
    return Node(interface, name='conform', base_dir=folder), folder / 'conform/Unusable.json'


def test_an_optional_image_may_need_more_memory_than_the_run_has(tmp_path):
    node, _ = unreadable_t1w(tmp_path)
    node._mem_gb = 50
    workflow = Workflow('pvs_wf', base_dir=str(tmp_path))
    workflow.add_nodes([Workflow('sub_01_wf')])
    workflow.get_node('sub_01_wf').add_nodes([node])
    plugin = MemoryLimitedPlugin(None, 1, 4.0, lambda number: None, lambda node, status: None)
    workflow.run(plugin=plugin)
    assert (plugin.failures, plugin.unfinished) == ([], [])
    reason = Unusable.load(tmp_path / 'pvs_wf/sub_01_wf/conform/Unusable.json').reason
    assert reason.startswith('T1w.nii cannot be used: step conform may need 50.')


def test_a_reason_is_not_kept_for_the_next_run(tmp_path):
    node, result = unreadable_t1w(tmp_path)
    assert pass_on_failure(node, ['WorkerDiedError: its process was killed\n'])
    assert 'its process was killed' in Unusable.load(result).reason
    unreadable_t1w(tmp_path)[0].run()
    assert 'No such file' in Unusable.load(result).reason


def test_other_steps_do_not_pass_on_failures(tmp_path):
    node = Node(Conform(is_t2w=True), name='conform_t2w', base_dir=str(tmp_path))
    assert not pass_on_failure(node, ['ValueError: no\n'])


@pytest.mark.slow
def test_later_graphs_run_in_the_same_workers(tiny, tmp_path):
    completed, outcome = tiny('bug', 'few')
    assert outcome['done'] == WITHOUT_FAILURE
    assert list(outcome['failed']) == ['sub-02']
    assert ' of about 8 steps, sub-02 first, failed' in completed.stderr
    lines = (tmp_path / 'runs.txt').read_text().splitlines()
    assert len(lines) == 4
    assert len({line.split()[1] for line in lines}) <= 2


@pytest.mark.slow
@pytest.mark.parametrize('options', [('stop',), ('stop', 'few')])
def test_scans_that_a_stopped_run_did_not_finish_have_failed(tiny, tmp_path, options):
    """Results of an earlier run must not count as success."""
    for label in ('01', '02', '03', '04'):
        path = tmp_path / f'out/sub-{label}/anat/sub-{label}_desc-potter_grade.tsv'
        path.parent.mkdir(parents=True)
        path.write_text('from an earlier run')
    completed, outcome = tiny('image-error', *options)
    assert completed.returncode == 1
    assert '4D' in outcome['failed']['sub-02']
    rest = {name: text for name, text in outcome['failed'].items() if name != 'sub-02'}
    assert rest
    assert all('the run stopped early' in text for text in rest.values())
    assert set(outcome['done']) | set(outcome['failed']) == set(ALL)


@pytest.mark.slow
@pytest.mark.parametrize('case', ['fine', 'image-error'])
def test_the_resource_monitor_records_every_step_that_ran(tmp_path, case):
    completed = subprocess.run(
        [sys.executable, '-W', 'error', TINY, case, tmp_path, 'monitor'],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert completed.returncode == (case != 'fine'), completed.stderr
    resources = json.loads((tmp_path / 'out' / 'logs' / 'run_resources.json').read_text())
    # A failed step is recorded; steps that depend on it did not run.
    failed = {'pvs_wf.sub_02_wf.last'} if case != 'fine' else set()
    steps = {
        f'pvs_wf.sub_{label}_wf.{name}'
        for label in ('01', '02', '03', '04')
        for name in ('first', 'last')
    }
    assert set(resources['name']) == steps - failed
    # Plausible memory of a worker that has imported nipype.
    assert all(0.03 < value < 4 for value in resources['rss_GiB'])
    assert len(resources['time']) == len(resources['cpus']) == len(resources['rss_GiB'])
