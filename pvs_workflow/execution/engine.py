"""Configure nipype, choose a plugin and run the graphs of scans one after another."""

import contextlib
import gc
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pvs_workflow import data
from pvs_workflow.execution.environment import engine_environment, engine_seed
from pvs_workflow.execution.memory import plan_memory
from pvs_workflow.execution.outcome import Outcome, branch_name, collect_outcome
from pvs_workflow.execution.progress import Progress
from pvs_workflow.execution.workers import Workers
from pvs_workflow.inputs import Scan
from pvs_workflow.settings import Settings

GRAPH = 'pvs_wf'
_SCANS_PER_PROCESS, _MAX_SCANS = 32, 512
"""Scans per graph: for each process, and at most. Building takes 40 ms and 1.2 MB per scan."""
_MAX_QUEUED_SCANS = 100
"""Maximum number of scans per graph in a queue: about 4,000 jobs."""

log = logging.getLogger('pvs_workflow')


def start_workers(settings: Settings) -> Workers:
    """Return the workers of a run; start the first, unless a plugin file is given."""
    os.environ.update(engine_environment(settings))
    workers = Workers(settings.logs / f'{settings.run_id}_workers.log', settings.resource_monitor)
    if not settings.nipype_plugin_file:
        workers.start_first()
    return workers


def load_engine(settings: Settings) -> None:
    """Configure nipype and import the modules that build and run graphs."""
    from nipype import config
    from nipype import logging as nipype_logging

    os.environ.update(engine_environment(settings))
    config.update_config(
        {
            'execution': {
                'check_version': 'false',
                'crashdump_dir': str(settings.logs),
                'crashfile_format': 'txt',
                'create_report': 'false',
                'hash_method': 'content',
                'remove_unnecessary_outputs': 'false',
                'stop_on_first_crash': str(settings.stop_on_first_crash).lower(),
            },
            'logging': {'log_directory': str(settings.logs), 'log_to_file': 'false'},
        }
    )
    nipype_logging.update_logging(config)
    if settings.resource_monitor:
        config.enable_resource_monitor()
        # Nipype's update_config ignores this section.
        summary = str(settings.logs / f'{settings.run_id}_resources.json')
        config.set('monitoring', 'summary_file', summary)
    import pvs_workflow.execution.plugin
    import pvs_workflow.workflows.base  # noqa: F401


def build_graph(settings: Settings, scans: Sequence[Scan]):
    """Return the nipype workflow of the given scans."""
    from pvs_workflow.workflows.base import init_pvs_wf

    return init_pvs_wf(
        scans=scans,
        bids_dir=settings.bids_dir,
        output_dir=settings.output_dir,
        run_id=settings.run_id,
        model=settings.model or data.path('cascade'),
        random_seed=engine_seed(settings.random_seed),
        bias_correction=settings.bias_correction,
    )


def run_scans(
    settings: Settings,
    scans: Sequence[Scan],
    workers: Workers,
    build: Callable = build_graph,
) -> Outcome:
    """Build and run the graphs of the scans, one batch at a time.

    ``workers`` come from :func:`start_workers`. ``build`` takes settings and scans and returns a
    workflow, in which the sub-workflow of a scan is named ``<scan.name>_wf``.
    """
    load_engine(settings)
    if settings.write_graph:
        write_graph(build(settings, scans), settings.logs)
    unfinished: list[str] = []
    with Progress(scans) as progress, contextlib.ExitStack() as stack:
        plugin = _choose_plugin(settings, progress, workers)
        stack.callback(plugin.stop)
        for batch in split_scans(scans, settings):
            if plugin.failures and settings.stop_on_first_crash:
                unfinished += map(branch_name, batch)
                continue
            progress.count(len(batch))
            _run_graph(settings, build(settings, batch), plugin)
            unfinished += plugin.unfinished
    return collect_outcome(settings.output_dir, scans, plugin.failures, unfinished)


def split_scans(scans: Sequence[Scan], settings: Settings) -> list[Sequence[Scan]]:
    """Split scans into batches, one per graph, as large as the processes or the queue can use."""
    size = _MAX_QUEUED_SCANS
    if not settings.nipype_plugin_file:
        size = min(_MAX_SCANS, _SCANS_PER_PROCESS * settings.nprocs)
    return [scans[first : first + size] for first in range(0, len(scans), size)]


def _run_graph(settings: Settings, workflow, plugin) -> None:
    workflow.base_dir = str(settings.work_dir)
    failures = len(plugin.failures)
    try:
        workflow.run(plugin=plugin)
    except Exception as error:
        # Queue plugins raise an error at the end for failures that are already recorded.
        if len(plugin.failures) == failures:
            raise
        log.debug('nipype: %s', error)
    # Workflow and nodes form reference cycles; free them before the next graph.
    gc.collect()


def _choose_plugin(settings: Settings, progress: Progress, workers: Workers):
    """Return the plugin that runs the graph: local, or the one in the plugin file."""
    from nipype import config

    from pvs_workflow.execution import queues
    from pvs_workflow.execution.plugin import MemoryLimitedPlugin

    arguments: dict = {}
    if settings.nipype_plugin_file:
        name, arguments = queues.read_plugin_file(settings.nipype_plugin_file)
        if name != queues.LOCAL:
            config.set('execution', 'poll_sleep_duration', str(queues.POLL_SECONDS))
            return queues.make_queue_plugin(
                name,
                arguments,
                engine_environment(settings),
                on_start=progress.start,
                on_change=progress.callback,
            )
    # Settings checks the ranges.
    settings = replace(
        settings,
        nprocs=arguments.get('n_procs', settings.nprocs),
        mem_gb=arguments.get('memory_gb', settings.mem_gb),
    )
    return MemoryLimitedPlugin(
        workers,
        n_procs=settings.nprocs,
        memory_gb=plan_memory(settings.mem_gb),
        on_start=progress.start,
        on_change=progress.callback,
        stop_early=settings.stop_on_first_crash,
    )


def clean_work(settings: Settings, scans: Sequence[Scan]) -> None:
    """Remove only the folders of these scans, since other runs may use the work folder."""
    for scan in scans:
        shutil.rmtree(settings.work_dir / GRAPH / branch_name(scan), ignore_errors=True)


def write_graph(workflow, logs: Path) -> None:
    """Write the graph as ``graph.dot``, and as SVG if Graphviz is installed."""
    kind = 'svg' if shutil.which('dot') else 'dot'
    with contextlib.chdir(logs):
        workflow.write_graph(dotfilename=str(logs / 'graph.dot'), graph2use='colored', format=kind)
