"""The command ``pvs_workflow``: from the command line to an exit code that tells the truth."""

import logging
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from pvs_workflow import __version__, data
from pvs_workflow.cli.parser import parse_args
from pvs_workflow.errors import EXIT_FAILED, EXIT_OK, OutputError, PVSError
from pvs_workflow.settings import Settings, dump_settings

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
_PACKAGES = (
    'antspyx',
    'keras',
    'nibabel',
    'nipype',
    'numpy',
    'scikit-image',
    'scipy',
    'tensorflow',
)

log = logging.getLogger('pvs_workflow')


class TerminatedError(BaseException):
    """The program was asked to end (SIGTERM); like KeyboardInterrupt nothing catches it."""


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
    level = run_group if settings.analysis_level == 'group' else run_participants
    return end_well(lambda: level(settings))


def end_well(action: Callable[[], int]) -> int:
    """Make an exit code of whatever ends an action: its own answer, an error, a signal."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return action()
    except PVSError as error:
        log.error('%s', error)
        return error.exit_code
    except KeyboardInterrupt:
        log.error('interrupted; the same command with the same work folder resumes')
        return EXIT_INTERRUPTED
    except TerminatedError:
        log.error('terminated; the same command with the same work folder resumes')
        return EXIT_TERMINATED
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
    from pvs_workflow.cli.derivative import describe_outputs
    from pvs_workflow.group import collect_group

    output = collect_group(settings.output_dir, settings.bids_dir)
    start_records(settings)
    describe_outputs(settings.output_dir)
    for warning in output.warnings:
        log.warning('%s', warning)
    for problem in output.problems:
        log.error('%s', problem)
    for path in output.written:
        log.info('wrote %s', path)
    return EXIT_FAILED if output.problems else EXIT_OK


def run_participants(settings: Settings) -> int:
    """Process the participants asked for, and return 0 only if all succeeded."""
    from pvs_workflow.cli.derivative import describe_outputs
    from pvs_workflow.cli.engine import clean_work, retire_results, run_scans
    from pvs_workflow.inputs import check_dataset
    from pvs_workflow.networks.bundle import model_sha256, verify_bundle

    check_dataset(settings.bids_dir)
    logs = start_records(settings)
    describe_outputs(settings.output_dir, settings.bids_dir)
    _make_work_folder(settings.work_dir)
    selection = select_scans(settings)
    model = settings.model or data.path('cascade')
    card = verify_bundle(model)
    if settings.clean_workdir:
        clean_work(settings)
    outcome = run_scans(
        settings, selection.scans, lambda: build_graph(settings, selection.scans, model), logs
    )
    for scan, sentence in outcome.failed.items():
        log.error('%s', sentence)
        for path in retire_results(settings.output_dir, scan, settings.run_id):
            log.info('%s: an earlier result is now in %s', scan.prefix, path)
    errors = [*selection.missing, *((s.participant, text) for s, text in outcome.failed.items())]
    model_facts = {'name': card.name, 'version': card.version, 'sha256': model_sha256(model)}
    pages_fine = write_pages(settings, selection.scans, errors, model_facts)
    if settings.clean_workdir and not outcome.failed:
        clean_work(settings)
    log.info(
        '%d of %d scans succeeded; results are in %s',
        len(outcome.done),
        len(selection.scans),
        settings.output_dir,
    )
    return EXIT_OK if pages_fine and not errors else EXIT_FAILED


def select_scans(settings: Settings):
    """Find what to process, validate it, and say what was chosen and what is missing."""
    from pvs_workflow.cli.validate import validate_dataset
    from pvs_workflow.inputs import collect_scans, load_filters

    filters = load_filters(settings.bids_filter_file) if settings.bids_filter_file else None
    selection = collect_scans(
        settings.bids_dir,
        participants=settings.participant_label,
        sessions=settings.session_label,
        filters=filters,
        database_dir=settings.bids_database_dir,
    )
    if not settings.skip_bids_validation:
        log.info('validating the dataset')
        validate_dataset(settings.bids_dir, sorted({scan.participant for scan in selection.scans}))
    for scan in selection.scans:
        log.info('%s: %s', scan.prefix, '; '.join(scan.notes))
    for _, reason in selection.skipped:
        log.info('%s', reason)
    for _, reason in selection.missing:
        log.error('%s', reason)
    return selection


def build_graph(settings: Settings, scans, model: Path):
    """Return the nipype workflow of these scans."""
    from pvs_workflow.cli.engine import engine_seed
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


def write_pages(settings: Settings, scans, errors, model: dict[str, str]) -> bool:
    """Write each participant's page; say whether all could be written."""
    from pvs_workflow.report.page import write_subject_page

    participants = {scan.participant for scan in scans}
    participants |= {label for label, _ in errors if (settings.bids_dir / f'sub-{label}').is_dir()}
    facts = {
        'version': __version__,
        'command': ' '.join(['pvs_workflow', *sys.argv[1:]]),
        'run': settings.run_id,
        'seed': settings.random_seed,
        'bias_correction': settings.bias_correction,
        'model': model,
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
    }
    fine = True
    for participant in sorted(participants):
        own = [text for label, text in errors if label == participant]
        try:
            write_subject_page(settings.output_dir, participant, provenance=facts, errors=own)
        except Exception as error:
            # A page must not cost anyone a result.
            fine = False
            log.debug('page of sub-%s', participant, exc_info=True)
            log.error(
                'sub-%s: its page cannot be written: %s: %s',
                participant,
                type(error).__name__,
                error,
            )
    return fine


def start_console(verbosity: int) -> None:
    """Show plain lines on standard error."""
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
    handler = logging.FileHandler(logs / f'{settings.run_id}.log', encoding='utf-8')
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


def _terminate(signum, frame):
    raise TerminatedError


if __name__ == '__main__':
    sys.exit(main())
