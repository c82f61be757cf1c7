"""The command ``pvs_workflow``: from the command line to an exit code that tells the truth."""

import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pvs_workflow import __version__, data
from pvs_workflow.cli.parser import parse_args
from pvs_workflow.errors import EXIT_FAILED, EXIT_OK, OutputError, PVSError
from pvs_workflow.execution.stopping import SENTENCES, StoppedError, ignore_signals, watch_signals
from pvs_workflow.execution.threads import thread_limits
from pvs_workflow.files import room_left
from pvs_workflow.settings import Settings, dump_settings

if TYPE_CHECKING:
    from pvs_workflow.execution.exclusive import Share
    from pvs_workflow.inputs import Selection

log = logging.getLogger('pvs_workflow')


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``pvs_workflow`` and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The program's own arguments where it is not given.

    Returns
    -------
    int
        See ``pvs_workflow --help``.

    """
    settings = parse_args(argv)
    start_console(settings.verbosity)
    # Numpy makes its threads when it is loaded.
    os.environ.update(thread_limits(settings.omp_nthreads))
    return end_well(lambda: _action(settings)(settings))


def _action(settings: Settings) -> Callable[[Settings], int]:
    """Return what the command line asks for."""
    if settings.analysis_level == 'group':
        return run_group
    if settings.reports_only:
        return remake_pages
    if settings.write_slurm:
        return write_array
    return run_participants


def end_well(action: Callable[[], int]) -> int:
    """Make an exit code of whatever ends an action: its own answer, an error, a signal."""
    watch_signals()
    try:
        return action()
    except PVSError as error:
        log.error('%s', error)
        return error.exit_code
    except StoppedError as error:
        ignore_signals()
        log.error(
            '%s; the same command with the same work folder resumes', SENTENCES[error.signum]
        )
        return error.exit_code
    except Exception as error:
        log.debug('unexpected error', exc_info=True)
        log.error(
            'unexpected %s: %s (please report it, with the log file of this run)',
            type(error).__name__,
            error,
        )
        return EXIT_FAILED


def run_group(settings: Settings) -> int:
    """Make the group's tables and page from the derivatives, and what is known of people."""
    from pvs_workflow.derivatives.description import describe_outputs
    from pvs_workflow.group import collect_group, collect_sheet

    outputs = [collect_group(settings.output_dir, settings.bids_dir, settings.ratings)]
    if settings.reading_sheet:
        outputs.append(collect_sheet(settings.output_dir, settings.random_seed))
    start_records(settings)
    describe_outputs(settings.output_dir)
    for warning in (warning for output in outputs for warning in output.warnings):
        log.warning('%s', warning)
    problems = list(dict.fromkeys(problem for output in outputs for problem in output.problems))
    for problem in problems:
        log.error('%s', problem)
    for path in (path for output in outputs for path in output.written):
        log.info('wrote %s', path)
    return EXIT_FAILED if problems else EXIT_OK


def remake_pages(settings: Settings) -> int:
    """Make pages anew from the derivatives alone."""
    from pvs_workflow.cli.reports import find_participants, write_pages
    from pvs_workflow.derivatives.description import describe_outputs

    found, missing = find_participants(settings.output_dir, settings.participant_label)
    start_records(settings)
    describe_outputs(settings.output_dir)
    for label in missing:
        log.error('sub-%s: no results are in %s', label, settings.output_dir)
    fine = write_pages(settings.output_dir, found)
    log.info('made %d pages anew in %s', len(found), settings.output_dir)
    return EXIT_OK if fine and not missing else EXIT_FAILED


def write_array(settings: Settings) -> int:
    """Write the script of a job array, and the list of its participants."""
    from pvs_workflow.cli.job_array import write_slurm
    from pvs_workflow.cli.parser import task_options
    from pvs_workflow.inputs import check_dataset

    check_dataset(settings.bids_dir)
    selection = select_scans(settings)
    tell_selection(selection)
    participants = list(dict.fromkeys(scan.participant for scan in selection.scans))
    people = write_slurm(settings, participants, task_options(settings))
    log.info('wrote %s and %s: %d tasks', settings.write_slurm, people, len(participants))
    log.info(
        'to submit them, and later those that failed: %s',
        shlex.join(['bash', str(settings.write_slurm), 'submit']),
    )
    # Who was not named and has no T2w belongs to no array; that was told.
    left_out = settings.participant_label and selection.missing
    return EXIT_FAILED if left_out else EXIT_OK


def run_participants(settings: Settings) -> int:
    """Process the participants asked for, and return 0 only if all succeeded."""
    from pvs_workflow.derivatives.description import describe_outputs
    from pvs_workflow.execution.engine import start_worker
    from pvs_workflow.inputs import check_dataset

    check_dataset(settings.bids_dir)
    logs = start_records(settings)
    describe_outputs(settings.output_dir, settings.bids_dir)
    if settings.boilerplate_only:
        return _prepare(settings, logs, ())
    _make_work_folder(settings.work_dir)
    with start_worker(settings, logs) as workers:
        return _prepare(settings, logs, workers)


def _prepare(settings: Settings, logs: Path, workers: Sequence) -> int:
    """Find the scans, check the dataset, and process what no other run is at."""
    selection = select_scans(settings)
    with _validating(settings, selection):
        # All that takes long to load is loaded while the validator is at work.
        from pvs_workflow.cli.reports import run_facts, write_boilerplate
        from pvs_workflow.execution.engine import load_engine
        from pvs_workflow.execution.exclusive import sharing
        from pvs_workflow.networks.bundle import model_sha256, verify_bundle

        load_engine(settings, logs)
    tell_selection(selection)
    model = settings.model or data.path('cascade')
    card = verify_bundle(model)
    facts = run_facts(
        settings, {'name': card.name, 'version': card.version, 'sha256': model_sha256(model)}
    )
    citations = write_boilerplate(settings, selection.scans, facts)
    if settings.boilerplate_only:
        for path in citations:
            log.info('wrote %s', path)
        return EXIT_OK
    with sharing(settings, logs, selection) as share:
        return _process(settings, share, facts, logs, workers)


def _process(
    settings: Settings, share: 'Share', facts: Mapping, logs: Path, workers: Sequence
) -> int:
    """Run the graph of what belongs to this run, and make the pages."""
    from pvs_workflow.cli.reports import record_runs, unfinished, write_pages
    from pvs_workflow.execution.engine import clean_work, retire_results, run_scans

    selection, model = share.selection, settings.model or data.path('cascade')
    for sentence in share.busy:
        log.error('%s', sentence)
    if share.busy and not selection.scans:
        return EXIT_FAILED
    if settings.clean_workdir:
        clean_work(settings, share.scans_in_shared_work)
    # Should the run be killed, then whoever makes the pages knows what the results are of.
    _, unrecorded = record_runs(settings, selection, unfinished(settings, selection.scans), facts)
    for sentence in unrecorded:
        log.error('%s', sentence)
    outcome = run_scans(
        settings,
        selection.scans,
        lambda scans: build_graph(settings, scans, model),
        logs,
        workers,
    )
    share.check()
    for scan, sentence in outcome.failed.items():
        log.error('%s', sentence)
        try:
            for path in retire_results(settings.output_dir, scan, settings.run_id):
                log.info('%s: an earlier result is now in %s', scan.prefix, path)
        except OutputError as error:
            log.error('%s: %s', scan.prefix, error)
    participants, unrecorded = record_runs(settings, selection, outcome.failed, facts)
    for sentence in unrecorded:
        log.error('%s', sentence)
    pages_fine = write_pages(settings.output_dir, participants) and not unrecorded
    if settings.clean_workdir and not outcome.failed:
        clean_work(settings, share.scans_in_shared_work)
    share.check()
    log.info(
        '%d of %d scans succeeded; results are in %s',
        len(outcome.done),
        len(selection.scans),
        settings.output_dir,
    )
    fine = pages_fine and not outcome.failed and not selection.missing and not share.busy
    return EXIT_OK if fine else EXIT_FAILED


def select_scans(settings: Settings) -> 'Selection':
    """Find what to process."""
    from pvs_workflow.inputs import collect_scans, load_filters

    filters = load_filters(settings.bids_filter_file) if settings.bids_filter_file else None
    return collect_scans(
        settings.bids_dir,
        participants=settings.participant_label,
        sessions=settings.session_label,
        filters=filters,
        database_dir=settings.bids_database_dir,
    )


def tell_selection(selection: 'Selection') -> None:
    """Say what was chosen and what is missing."""
    for scan in selection.scans:
        log.info('%s: %s', scan.prefix, '; '.join(scan.notes))
    for _, reason in selection.skipped:
        log.info('%s', reason)
    for _, reason in selection.missing:
        log.error('%s', reason)


def _validating(settings: Settings, selection: 'Selection') -> AbstractContextManager:
    from pvs_workflow.inputs.validation import validating

    if settings.skip_bids_validation:
        return nullcontext()
    log.info('validating the dataset')
    participants = sorted({scan.participant for scan in selection.scans})
    return validating(settings.bids_dir, participants)


def build_graph(settings: Settings, scans, model: Path):
    """Return the nipype workflow of these scans."""
    from pvs_workflow.execution.engine import engine_seed
    from pvs_workflow.workflows.base import init_pvs_wf

    return init_pvs_wf(
        scans=scans,
        bids_dir=settings.bids_dir,
        output_dir=settings.output_dir,
        run_id=settings.run_id,
        model=model,
        random_seed=engine_seed(settings.random_seed),
        bias_correction=settings.bias_correction,
    )


def start_console(verbosity: int) -> None:
    """Show plain lines on standard error."""
    # A log that cannot be written to (a full disk, a closed terminal) is no reason for tracebacks.
    logging.raiseExceptions = False
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter('%(message)s'))
    handler.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    # A handler of its own keeps nipype from writing to standard output.
    nipype = logging.getLogger('nipype')
    nipype.handlers.clear()
    nipype.addHandler(handler if verbosity else logging.NullHandler())
    nipype.propagate = False


def start_records(settings: Settings) -> Path:
    """Make the folder of logs, with this run's settings and log file.

    Raises
    ------
    OutputError
        If it cannot be written to.

    """
    logs = settings.output_dir / 'logs'
    settings.to_toml(logs / f'{settings.run_id}.toml')
    path = logs / f'{settings.run_id}.log'
    try:
        handler = logging.FileHandler(path, encoding='utf-8', errors='backslashreplace')
    except OSError as error:
        raise OutputError(
            f'{path} cannot be written, expected a folder with room that this user may write to, '
            f'received: {error.strerror or error}{room_left(logs, error)}'
        ) from error
    handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(message)s'))
    for name in ('pvs_workflow', 'nipype'):
        logging.getLogger(name).addHandler(handler)
    log.debug('pvs_workflow %s\n%s', __version__, dump_settings(settings))
    return logs


def _make_work_folder(path: Path) -> None:
    if '_unfinished' in str(path):
        # Nipype marks what it has not finished so, and would rename the folder.
        raise OutputError(
            f'{path} cannot be used as work folder, expected a path without "_unfinished" in it, '
            'received one with it'
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError('Permission denied')
    except OSError as error:
        raise OutputError(
            f'{path} cannot be used as work folder, expected a folder that this user may write '
            f'to, received: {error.strerror or error}'
        ) from error


if __name__ == '__main__':
    sys.exit(main())
