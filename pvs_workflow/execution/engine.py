"""The graph, run: environment, worker processes, and what became of each scan."""

import contextlib
import gc
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from pvs_workflow.derivatives import names
from pvs_workflow.errors import OutputError
from pvs_workflow.execution.failures import (
    branch_name,
    branches_of,
    explain_failures,
    failed_scan,
)
from pvs_workflow.execution.progress import Progress
from pvs_workflow.execution.stopping import StoppedError, ignore_signals
from pvs_workflow.execution.threads import thread_limits
from pvs_workflow.execution.worker import early_worker
from pvs_workflow.files import room_left
from pvs_workflow.inputs import Scan
from pvs_workflow.settings import Settings

GRAPH = 'pvs_wf'
_RESULTS = tuple(f'{table}.{suffix}' for table in names.TABLES for suffix in ('tsv', 'json'))
_SCANS_PER_PROCESS, _MOST_SCANS = 32, 512
"""Of one graph. Building it takes some 40 ms and 1.2 MB for each."""
_SCANS_OF_QUEUE = 100
"""That makes some 4,000 jobs; Slurm takes 10,000 by default, of all users."""
_POLL_SECONDS = '0.01'
"""Short, since between two looks our plugin waits for a node to end."""


@dataclass(frozen=True)
class Outcome:
    """What became of the scans.

    Attributes
    ----------
    done : tuple of Scan
        All steps ended well in this run (or were up to date), and the result is there.
    failed : dict of Scan to str
        One sentence each.

    """

    done: tuple[Scan, ...]
    failed: Mapping[Scan, str]


def prepare_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that make results reproducible and offline.

    They must be set before the first worker starts.

    - ITK's sums depend on how many threads share them, so it gets one; ANTs takes its seed from
      the environment only.
    - TensorFlow's results differ with and without oneDNN, and with the number of threads.
    """
    return {
        'ANTS_RANDOM_SEED': str(engine_seed(settings.random_seed)),
        'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS': '1',
        'KERAS_BACKEND': 'tensorflow',
        'MPLBACKEND': 'Agg',
        'NIPYPE_NO_ET': '1',
        'NO_ET': '1',
        'PYTHONHASHSEED': '0',
        'TF_CPP_MIN_LOG_LEVEL': '3',
        'TF_DETERMINISTIC_OPS': '1',
        'TF_ENABLE_ONEDNN_OPTS': '0',
        'TF_NUM_INTEROP_THREADS': '1',
        'TF_NUM_INTRAOP_THREADS': '1',
    } | thread_limits(settings.omp_nthreads)


def engine_seed(seed: int) -> int:
    """Return a seed above 0: ANTs takes 0 for the time of day."""
    return max(seed, 1)


@contextlib.contextmanager
def start_worker(settings: Settings, logs: Path) -> Iterator[list]:
    """Start the first worker ahead of time, unless nodes run elsewhere.

    It takes as long as all that has to be found and loaded before there is a node to run.

    Yields
    ------
    list of ProcessPoolExecutor

    """
    if settings.nipype_plugin_file:
        yield []
        return
    os.environ.update(prepare_environment(settings))
    with early_worker(_worker_log(settings, logs), settings.resource_monitor) as worker:
        yield [worker]


def _worker_log(settings: Settings, logs: Path) -> Path:
    return logs / f'{settings.run_id}_workers.log'


def load_engine(settings: Settings, logs: Path) -> None:
    """Set up and load what graphs are built and run with, ahead of time.

    The environment and the log are made ready for nipype first.
    """
    os.environ.update(prepare_environment(settings))
    configure_nipype(settings, logs)
    import pvs_workflow.execution.memory
    import pvs_workflow.workflows.base  # noqa: F401


def run_scans(
    settings: Settings,
    scans: Sequence[Scan],
    build: Callable[[Sequence[Scan]], 'object'],
    logs: Path,
    workers: Sequence = (),
) -> Outcome:
    """Build graphs and run them in worker processes.

    A graph is one of some scans only: to build one of all in a large dataset would take long
    before the first node could start, and nipype goes through all nodes whenever one has ended.

    Parameters
    ----------
    settings : Settings
    scans : sequence of Scan
    build : callable
        Returns the nipype workflow of some scans; each one's sub-workflow is named
        ``<scan.name>_wf``.
    logs : Path
        For the graph, and for what workers print.
    workers : sequence of ProcessPoolExecutor
        From :func:`start_worker`.

    Returns
    -------
    Outcome

    """
    load_engine(settings, logs)
    if settings.write_graph:
        write_graph(build(scans), logs)
    unfinished = []
    with Progress(scans) as progress:
        told = {'status_callback': progress.callback, 'on_start': progress.start}
        plugin = _choose_plugin(settings, told, logs, workers)
        try:
            for portion in portions(scans, settings):
                if plugin.failures and settings.stop_on_first_crash:
                    unfinished += map(branch_name, portion)
                    continue
                progress.count(len(portion))
                _run_graph(settings, build(portion), plugin)
                unfinished += plugin.unfinished
        except StoppedError:
            # Nothing shall keep the workers from being ended.
            ignore_signals()
            raise
        finally:
            plugin.stop()
    return judge_scans(settings.output_dir, scans, plugin.failures, unfinished)


def portions(scans: Sequence[Scan], settings: Settings) -> list[Sequence[Scan]]:
    """Divide scans into those whose graphs are one.

    There are enough for each process, so that little time is lost at the end, when some have
    nothing left to do; and no more jobs for a queue than it commonly takes.
    """
    most = _SCANS_OF_QUEUE
    if not settings.nipype_plugin_file:
        most = min(_MOST_SCANS, _SCANS_PER_PROCESS * settings.nprocs)
    return [scans[first : first + most] for first in range(0, len(scans), most)]


def _run_graph(settings: Settings, workflow, plugin) -> None:
    """Run one graph; its failures and what it left undone are the plugin's."""
    workflow.base_dir = str(settings.work_dir)
    failures = len(plugin.failures)
    try:
        workflow.run(plugin=plugin)
    except Exception as error:
        # Nipype raises at the end what it has reported node by node before.
        if len(plugin.failures) == failures:
            raise
        logging.getLogger('pvs_workflow').debug('nipype: %s', error)
        if settings.resource_monitor:
            # Nipype writes it after a run without failures only.
            write_resources(plugin.procs)
    if settings.resource_monitor:
        from nipype import config

        config.set('monitoring', 'summary_append', 'true')
    # A graph and its nodes know each other; the next one needs the room.
    gc.collect()


def _choose_plugin(settings: Settings, told: Mapping, logs: Path, workers: Sequence):
    """Return what runs the graph: our own process pool, or what a plugin file asks for."""
    arguments = dict(told)
    choice = None
    if settings.nipype_plugin_file:
        from pvs_workflow.execution import batch
        from pvs_workflow.execution.plugin_file import read_plugin_file

        choice = read_plugin_file(settings.nipype_plugin_file)
        if choice.name != batch.OWN:
            from nipype import config

            config.set('execution', 'poll_sleep_duration', batch.POLL_SECONDS)
            return batch.make_plugin(choice, arguments, prepare_environment(settings))
    from nipype.utils.profiler import get_system_total_memory_gb

    from pvs_workflow.execution.memory import ThriftyPlugin, plan_memory

    arguments |= {
        'memory_gb': plan_memory(settings.mem_gb, get_system_total_memory_gb()),
        'n_procs': settings.nprocs,
        'raise_insufficient': False,
        'worker_log': _worker_log(settings, logs),
        'workers': workers,
    }
    return ThriftyPlugin(plugin_args=arguments | (choice.arguments if choice else {}))


def write_resources(nodes: Sequence) -> None:
    """Write what nipype's monitor has noted of the nodes that have ended."""
    from nipype.pipeline.engine.utils import write_workflow_resources

    write_workflow_resources(SimpleNamespace(nodes=lambda: nodes))


def judge_scans(
    output_dir: Path, scans: Sequence[Scan], failures: Sequence, unfinished: Sequence[str]
) -> Outcome:
    """Tell which scans succeeded.

    Parameters
    ----------
    output_dir : Path
    scans : sequence of Scan
    failures : sequence of NodeFailure
    unfinished : sequence of str
        Full names of the nodes that did not end.

    """
    failed = explain_failures(failures, scans)
    branches = branches_of(scans)
    stopped = {failed_scan(node, branches) for node in unfinished}
    for scan in scans:
        if scan in stopped:
            failed.setdefault(scan, f'{scan.prefix}: not finished, the run was stopped before')
        table = result_path(output_dir, scan)
        if not table.is_file():
            failed.setdefault(
                scan,
                f'{scan.prefix}: all steps ended but {table} is missing, expected a result '
                '(--clean-workdir makes it anew)',
            )
    done = tuple(scan for scan in scans if scan not in failed)
    return Outcome(done, {scan: failed[scan] for scan in scans if scan in failed})


def result_path(output_dir: Path, scan: Scan, name: str = _RESULTS[0]) -> Path:
    """Return where a scan's grade, or another of its tables, is written."""
    return output_dir / scan.folder / f'{scan.prefix}_{name}'


def retire_results(output_dir: Path, scan: Scan, run_id: str) -> list[Path]:
    """Move an earlier run's tables of a scan that now failed out of the group's sight.

    Returns
    -------
    list of Path
        Where they are now.

    Raises
    ------
    OutputError
        If one cannot be moved.

    """
    moved = []
    for name in _RESULTS:
        path = result_path(output_dir, scan, name)
        if path.is_file():
            target = output_dir / f'sub-{scan.participant}' / 'log' / run_id / path.name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
            except OSError as error:
                raise OutputError(
                    f'{path} is of an earlier run and cannot be moved away, expected a folder '
                    f'that this user may write to, received: {error.strerror or error}'
                    f'{room_left(target, error)}; do not use it'
                ) from error
            moved.append(target)
    return moved


def clean_work(settings: Settings, only: Sequence[Scan] | None = None) -> None:
    """Remove this app's own folder, and nothing else, from the work folder.

    Parameters
    ----------
    settings : Settings
    only : sequence of Scan, optional
        Of that folder, only what belongs to these.

    """
    folders = [GRAPH] if only is None else [f'{GRAPH}/{scan.name}_wf' for scan in only]
    for name in folders:
        shutil.rmtree(settings.work_dir / name, ignore_errors=True)


def configure_nipype(settings: Settings, logs: Path) -> None:
    """Set how nipype decides what is up to date, reports crashes, and logs."""
    from nipype import config
    from nipype import logging as nipype_logging

    config.update_config(
        {
            'execution': {
                'check_version': 'false',
                'crashdump_dir': str(logs),
                'crashfile_format': 'txt',
                'create_report': 'false',
                'hash_method': 'content',
                'poll_sleep_duration': _POLL_SECONDS,
                'remove_unnecessary_outputs': 'false',
                'stop_on_first_crash': str(settings.stop_on_first_crash).lower(),
            },
            'logging': {'log_directory': str(logs), 'log_to_file': 'false'},
        }
    )
    nipype_logging.update_logging(config)
    if settings.resource_monitor:
        config.enable_resource_monitor()
        # Nipype's update_config passes over this section.
        summary = str(logs / f'{settings.run_id}_resources.json')
        config.set('monitoring', 'summary_file', summary)
        config.set('monitoring', 'summary_append', 'false')


def write_graph(workflow, logs: Path) -> None:
    """Write the graph as ``graph.dot``, and as SVG where graphviz is installed."""
    kind = 'svg' if shutil.which('dot') else 'dot'
    with contextlib.chdir(logs):
        workflow.write_graph(dotfilename=str(logs / 'graph.dot'), graph2use='colored', format=kind)
