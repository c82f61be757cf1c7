"""Run the graphs of scans: configure nipype, choose a plugin, run one graph after another."""

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
"""Scans of one graph. Building it takes some 40 ms and 1.2 MB for each."""
_MAX_QUEUED_SCANS = 100
"""Scans of one graph that is run in a queue, where they make some 4,000 jobs."""

log = logging.getLogger('pvs_workflow')


def start_workers(settings: Settings) -> Workers:
    """Return the workers of a run, the first of them started, unless nodes run elsewhere."""
    os.environ.update(engine_environment(settings))
    workers = Workers(settings.logs / f'{settings.run_id}_workers.log', settings.resource_monitor)
    if not settings.nipype_plugin_file:
        workers.start_first()
    return workers


def load_engine(settings: Settings) -> None:
    """Configure nipype and import what graphs are built and run with."""
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
        # Nipype's update_config passes over this section.
        summary = str(settings.logs / f'{settings.run_id}_resources.json')
        config.set('monitoring', 'summary_file', summary)
    import pvs_workflow.execution.plugin
    import pvs_workflow.workflows.base  # noqa: F401


def build_graph(settings: Settings, scans: Sequence[Scan]):
    """Return the nipype workflow of some scans."""
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
    """Build the graphs of some scans at a time and run them.

    ``workers`` are those of :func:`start_workers`; ``build`` returns the workflow of settings and
    scans, in which the sub-workflow of a scan is named ``<scan.name>_wf``.
    """
    load_engine(settings)
    if settings.write_graph:
        write_graph(build(settings, scans), settings.logs)
    unfinished: list[str] = []
    with Progress(scans) as progress, contextlib.ExitStack() as stack:
        plugin = _choose_plugin(settings, progress, workers)
        stack.callback(plugin.stop)
        for portion in portions(scans, settings):
            if plugin.failures and settings.stop_on_first_crash:
                unfinished += map(branch_name, portion)
                continue
            progress.count(len(portion))
            _run_graph(settings, build(settings, portion), plugin)
            unfinished += plugin.unfinished
    return collect_outcome(settings.output_dir, scans, plugin.failures, unfinished)


def portions(scans: Sequence[Scan], settings: Settings) -> list[Sequence[Scan]]:
    """Divide scans into those of one graph: enough for all processes, not too many for a queue."""
    most = _MAX_QUEUED_SCANS
    if not settings.nipype_plugin_file:
        most = min(_MAX_SCANS, _SCANS_PER_PROCESS * settings.nprocs)
    return [scans[first : first + most] for first in range(0, len(scans), most)]


def _run_graph(settings: Settings, workflow, plugin) -> None:
    workflow.base_dir = str(settings.work_dir)
    failures = len(plugin.failures)
    try:
        workflow.run(plugin=plugin)
    except Exception as error:
        # Plugins of queues raise at the end what they have reported node by node.
        if len(plugin.failures) == failures:
            raise
        log.debug('nipype: %s', error)
    # Workflow and nodes form reference cycles; they are freed before the next graph.
    gc.collect()


def _choose_plugin(settings: Settings, progress: Progress, workers: Workers):
    """Return what runs the graph: on this machine, or as a plugin file asks for."""
    from nipype import config
    from nipype.utils.profiler import get_system_total_memory_gb

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
    # Settings refuses what is out of range.
    settings = replace(
        settings,
        nprocs=arguments.get('n_procs', settings.nprocs),
        mem_gb=arguments.get('memory_gb', settings.mem_gb),
    )
    return MemoryLimitedPlugin(
        workers,
        n_procs=settings.nprocs,
        memory_gb=plan_memory(settings.mem_gb, get_system_total_memory_gb()),
        on_start=progress.start,
        on_change=progress.callback,
        stop_early=settings.stop_on_first_crash,
    )


def clean_work(settings: Settings, scans: Sequence[Scan]) -> None:
    """Remove the folders of some scans from the work folder; others may be another run's."""
    for scan in scans:
        shutil.rmtree(settings.work_dir / GRAPH / branch_name(scan), ignore_errors=True)


def write_graph(workflow, logs: Path) -> None:
    """Write the graph as ``graph.dot``, and as SVG where graphviz is installed."""
    kind = 'svg' if shutil.which('dot') else 'dot'
    with contextlib.chdir(logs):
        workflow.write_graph(dotfilename=str(logs / 'graph.dot'), graph2use='colored', format=kind)
