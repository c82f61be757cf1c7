"""Nipype's ``SLURMGraph``, made to wait for what it has submitted, and to tell how it ended."""

import re
import shlex
import sys
import time
from pathlib import Path

import networkx as nx
from nipype.pipeline import plugins
from nipype.pipeline.plugins.tools import create_pyscript

from pvs_workflow.execution.plugin import NodeFailure, Told
from pvs_workflow.execution.slurm_queue import Queue, dependency, ending, submit

_CRASH = re.compile(r'Saving crash info to (\S.*)$', re.MULTILINE)
_LAG = 10.0
"""Seconds until a file of another computer is there to be seen."""


class ToldSLURMGraph(Told, plugins.SLURMGraphPlugin):
    """All steps are submitted at once, each to start when those before it have ended well.

    Nipype's own would end then, and so would not know what became of them. What is up to date is
    not submitted. What waits for a failed step is taken out of the queue by Slurm.
    """

    def __init__(self, plugin_args=None):
        told = dict(plugin_args or {})
        # Nipype's own warns that it would not call it; this one does.
        self._told = told.pop('status_callback', None)
        self._preamble = told.pop('preamble', '')
        self._poll = told.pop('poll_seconds', 2.0)
        super().__init__(plugin_args=told)
        self.procs = None
        self._queue = Queue(self._poll)

    def stop(self) -> None:
        """Cancel the jobs that are still there."""
        self._queue.cancel()

    def run(self, graph, config, updatehash=False):
        """Submit all steps of a graph, and wait for them."""
        self._config = config
        self.procs = list(nx.topological_sort(graph))
        places = {node: place for place, node in enumerate(self.procs)}
        self._finished.clear()
        if 'on_start' in self.plugin_args:
            self.plugin_args['on_start'](len(self.procs))
        failures = len(self.failures)
        jobs: dict[int, tuple[int, Path]] = {}
        for place, node in enumerate(self.procs):
            before = [places[other] for other in graph.predecessors(node)]
            if self._finished.issuperset(before) and _is_up_to_date(node):
                self._end(place)
                continue
            needed = [jobs[other][0] for other in before if other in jobs]
            jobs[place] = self._submit(node, needed, updatehash)
        while jobs:
            for place, (job, script) in list(jobs.items()):
                if not self._queue.holds(job):
                    del jobs[place]
                    before = {places[other] for other in graph.predecessors(self.procs[place])}
                    self._judge(place, job, script, before)
            if len(self.failures) > failures and _stops_early(config):
                break
            time.sleep(self._poll if jobs else 0)
        if len(self.failures) > failures:
            raise RuntimeError(f'{len(self.failures) - failures} steps failed')

    def _submit(self, node, needed, updatehash) -> tuple[int, Path]:
        forget_result(node)
        python = Path(create_pyscript(node, updatehash=updatehash, store_exception=False))
        script = python.with_name(f'batchscript_{python.stem}.sh')
        done = shlex.quote(str(_mark(script)))
        template, own = self._get_args(node, ['template', 'sbatch_args'])
        command = shlex.join([sys.executable, str(python)])
        script.write_text(
            f'{template.rstrip()}\n{self._preamble}rm -f {done}\n{command} || exit 1\n: > {done}\n'
        )
        log = str(_log(script)).replace('%', '%%')
        name = '.'.join(reversed([*(node._hierarchy or '').split('.'), node._id]))
        words = [*shlex.split(own), '-o', log, '-e', log, '-J', name, *dependency(needed)]
        job = submit([*words, str(script)])
        self._queue.add(job)
        return job, script

    def _judge(self, place: int, job: int, script: Path, before: set[int]) -> None:
        """Note what became of a job that has left the queue."""
        if not self._finished.issuperset(before):
            return
        deadline = time.monotonic() + _LAG
        crash = None
        while not _mark(script).exists():
            said = _log(script).read_text(errors='replace') if _log(script).exists() else ''
            crash = _CRASH.search(said)
            if crash or time.monotonic() > deadline:
                self._fail(place, job, script, Path(crash[1].strip()) if crash else None)
                return
            time.sleep(0.5)
        self._end(place)

    def _fail(self, place: int, job: int, script: Path, crash_file: Path | None) -> None:
        node = self.procs[place]
        if crash_file and crash_file.exists():
            text = crash_file.read_text(errors='replace')
            text = text[max(0, text.find('Traceback (most recent call last)')) :]
        else:
            crash_file = _log(script)
            text = f'WorkerDiedError: {how_it_died(job)} (what it said is in {crash_file})'
        self.failures.append(NodeFailure(node.fullname, text, crash_file))
        if self._told:
            self._told(node, 'exception')

    def _end(self, place: int) -> None:
        self._finished.add(place)
        if self._told:
            self._told(self.procs[place], 'end')


def forget_result(node) -> None:
    """Remove what an earlier run left of a node that now has to run.

    Nipype takes a result that is there when a job has ended for the job's, even if that died
    before it could do anything.
    """
    for path in Path(node.output_dir()).glob('result_*.pklz'):
        path.unlink()


def how_it_died(job: int) -> str:
    """Say of a job without a result how it ended."""
    return f'its job {job} left no result and ended {ending(job)}'


def _is_up_to_date(node) -> bool:
    if node.overwrite or (node.overwrite is None and node.interface.always_run):
        return False
    try:
        return node.is_cached() == (True, True)
    except Exception:  # as nipype does: whatever keeps it from knowing, the node is run
        return False


def _stops_early(config) -> bool:
    return str(config['execution']['stop_on_first_crash']).lower() == 'true'


def _mark(script: Path) -> Path:
    return script.with_suffix('.done')


def _log(script: Path) -> Path:
    return script.with_suffix('.log')
