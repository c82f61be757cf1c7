"""Run the participant level: select scans, process them and write reports."""

import logging
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from pvs_workflow import data
from pvs_workflow.cli.logs import start_records
from pvs_workflow.derivatives.description import describe_outputs
from pvs_workflow.errors import EXIT_FAILED, EXIT_OK, OutputError
from pvs_workflow.execution.claims import claimed
from pvs_workflow.execution.engine import clean_work, load_engine, run_scans, start_workers
from pvs_workflow.execution.locking import RunLocks
from pvs_workflow.execution.outcome import Outcome, retire_results, used_images
from pvs_workflow.execution.workers import Workers
from pvs_workflow.files import write_text
from pvs_workflow.inputs import Selection, check_dataset, collect_scans, load_filters
from pvs_workflow.inputs.validation import validating
from pvs_workflow.processes import process_name
from pvs_workflow.settings import Settings

_TEMPORARY_MB = 20
"""Free space in the temporary folder that a run of one T2w needs, with the validator, MB."""

log = logging.getLogger('pvs_workflow')


def run_participants(settings: Settings) -> int:
    """Process the requested participants; return 0 only if all succeeded."""
    warning = check_dataset(settings.bids_dir)
    start_records(settings)
    if warning:
        log.warning('%s', warning)
    describe_outputs(settings.output_dir, settings.bids_dir)
    if settings.boilerplate_only:
        _prepare(settings)
        return EXIT_OK
    _make_work_folder(settings.work_dir)
    _check_temporary_folder()
    # The first worker starts while the scans are selected and checked.
    with start_workers(settings) as workers:
        selection, facts = _prepare(settings)
        with claimed(settings, selection) as (locked, busy, locks):
            for message in busy:
                log.error('%s', message)
            if busy and not locked.scans:
                return EXIT_FAILED
            code = process_scans(settings, locked, facts, workers, locks)
            locks.check()
        return EXIT_FAILED if busy else code


def select_scans(settings: Settings) -> Selection:
    """Return the scans to process."""
    filters = load_filters(settings.bids_filter_file) if settings.bids_filter_file else None
    return collect_scans(
        settings.bids_dir,
        participants=settings.participant_label,
        sessions=settings.session_label,
        filters=filters,
        database_dir=settings.bids_database_dir,
    )


def log_selection(selection: Selection) -> None:
    """Log the selected, skipped and missing scans."""
    for scan in selection.scans:
        log.info('%s: %s', scan.prefix, '; '.join(scan.notes))
        for problem in scan.problems:
            log.warning('%s: %s', scan.prefix, problem)
    for text in selection.warnings:
        log.warning('%s', text)
    for _, reason in selection.skipped:
        log.info('%s', reason)
    for _, reason in selection.missing:
        log.error('%s', reason)


def _prepare(settings: Settings) -> tuple[Selection, Mapping]:
    """Select the scans and check the dataset; return the scans and the facts for reports."""
    selection = select_scans(settings)
    participants = sorted({scan.participant for scan in selection.scans})
    if settings.skip_bids_validation:
        check = nullcontext()
    else:
        log.info('validating the dataset')
        check = validating(settings.bids_dir, participants)
    with check:
        # Slow imports run while the validator is running.
        from pvs_workflow.cli.reports import run_facts, write_methods
        from pvs_workflow.inputs.participants import read_participants
        from pvs_workflow.networks.bundle import model_sha256, verify_bundle

        load_engine(settings)
    log_selection(selection)
    people = [f'sub-{participant}' for participant in participants]
    if unmatched := read_participants(settings.bids_dir, people).unmatched:
        log.warning('%s', unmatched)
    model = settings.model or data.path('cascade')
    card = verify_bundle(model)
    facts = run_facts(
        settings, {'name': card.name, 'version': card.version, 'sha256': model_sha256(model)}
    )
    for path in write_methods(settings, facts, selection.scans):
        log.log(logging.INFO if settings.boilerplate_only else logging.DEBUG, 'wrote %s', path)
    return selection, facts


def process_scans(
    settings: Settings, selection: Selection, facts: Mapping, workers: Workers, locks: RunLocks
) -> int:
    """Run the graphs of the scans that this run has locked, and write the reports."""
    from pvs_workflow.cli.reports import record_runs, write_methods, write_pages

    if settings.clean_workdir:
        clean_work(settings, selection.scans)
    # Until the run has finished, the reports say that it has not, in case it is killed.
    unfinished = {
        scan: f'{scan.prefix}: run {settings.run_id} did not finish; '
        'rerun the same command with the same work folder to resume'
        for scan in selection.scans
    }
    # A run that was suspended up to here may have lost its locks.
    locks.check()
    record_runs(settings, selection, unfinished, facts, locks.exclusive)
    outcome = run_scans(settings, selection.scans, workers)
    locks.check()
    _retire_failed(settings, outcome)
    participants, unrecorded = record_runs(
        settings, selection, outcome.failed, facts, locks.exclusive
    )
    all_written = write_pages(settings.output_dir, participants, locks.exclusive)
    used = [
        used_images(settings.output_dir, scan) if scan in outcome.done else scan
        for scan in selection.scans
    ]
    write_methods(settings, facts, used)
    if settings.clean_workdir and not outcome.failed:
        clean_work(settings, selection.scans)
    log.info(
        '%d of %d scans succeeded; results are in %s',
        len(outcome.done),
        len(selection.scans),
        settings.output_dir,
    )
    problems = unrecorded or outcome.failed or selection.missing
    return EXIT_OK if all_written and not problems else EXIT_FAILED


def _retire_failed(settings: Settings, outcome: Outcome) -> None:
    """Log why scans failed, and move their earlier results, so that the group level skips them."""
    for scan, message in outcome.failed.items():
        log.error('%s', message)
        try:
            for path in retire_results(settings.output_dir, scan, settings.run_id):
                log.info('%s: moved an earlier result to %s', scan.prefix, path)
        except OutputError as error:
            log.error('%s: %s', scan.prefix, error)


def _make_work_folder(path: Path) -> None:
    if '_unfinished' in str(path):
        # Nipype renames folders that have this in their names.
        raise OutputError(f'{path} contains "_unfinished"; choose another --work-dir')
    # Nipype's errors would not name the cause if the file system refuses to rename files.
    probe = path / f'.{process_name()}.test'
    write_text(probe, '')
    probe.unlink(missing_ok=True)


def _check_temporary_folder() -> None:
    """Refuse a temporary folder that is full; the programs that use it do not say so."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise OutputError(
            'there is no temporary folder that you may write to; set TMPDIR to one'
        ) from error
    free = shutil.disk_usage(folder).free / 1e6
    if free < _TEMPORARY_MB:
        raise OutputError(
            f'the temporary folder {folder} has {free:.1f} MB free, but the run needs '
            f'{_TEMPORARY_MB}; free some space or set TMPDIR'
        )
