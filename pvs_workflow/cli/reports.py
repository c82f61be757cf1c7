"""Write the reports of participants and the records of runs."""

import logging
import platform
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.cli.logs import start_records
from pvs_workflow.derivatives.description import describe_outputs
from pvs_workflow.errors import (
    EXIT_FAILED,
    EXIT_OK,
    NoInputError,
    NoMatchError,
    OutputError,
    PVSError,
)
from pvs_workflow.inputs import Scan, Selection
from pvs_workflow.inputs.dataset import is_label
from pvs_workflow.settings import Settings

_PACKAGES = 'antspyx keras nibabel nipype numpy scikit-image scipy tensorflow'
"""Names of the packages whose versions are recorded."""

log = logging.getLogger('pvs_workflow')


def rebuild_reports(settings: Settings) -> int:
    """Rebuild the reports from the derivatives alone (``--reports-only``)."""
    labels, missing = participants_with_results(settings.output_dir, settings.participant_label)
    start_records(settings)
    describe_outputs(settings.output_dir)
    for label in missing:
        log.error('sub-%s: no results in %s', label, settings.output_dir)
    all_written = write_pages(settings.output_dir, labels)
    log.info('rebuilt %d reports in %s', len(labels), settings.output_dir)
    return EXIT_OK if all_written and not missing else EXIT_FAILED


def run_facts(settings: Settings, model: Mapping[str, str]) -> dict:
    """Return the facts of a run for its reports; ``model`` has name, version and sha256."""
    return {
        'version': __version__,
        'command': shlex.join(['pvs_workflow', *sys.argv[1:]]),
        'run': settings.run_id,
        'seed': settings.random_seed,
        'bias_correction': settings.bias_correction,
        'model': dict(model),
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in _PACKAGES.split()},
    }


def write_methods(settings: Settings, facts: Mapping, scans: Sequence[Scan]) -> list[Path]:
    """Write the methods text of a run that uses the images of these scans."""
    from pvs_workflow.report.methods import methods_of_run, write_citations

    methods = methods_of_run(
        facts,
        t1w=[scan.t1w is not None for scan in scans],
        flair=[scan.flair is not None for scan in scans],
    )
    return write_citations(settings.logs, methods)


def record_runs(
    settings: Settings,
    selection: Selection,
    failed: Mapping[Scan, str],
    facts: Mapping,
    exclusive: Callable[[str], AbstractContextManager] = nullcontext,
) -> tuple[list[str], list[str]]:
    """Record for each participant the run that wrote its results, and its errors.

    ``exclusive`` keeps other runs from the files of a participant during a block.

    Returns the recorded participants, including those of the dataset without a T2w, and those
    whose record could not be written, which is also logged.
    """
    from pvs_workflow.report.provenance import RunRecord, save_run

    scans, errors = defaultdict(dict), defaultdict(list)
    for scan in selection.scans:
        scans[scan.participant][scan.prefix] = failed.get(scan, '')
    for label, text in selection.missing:
        errors[label].append(text)
    present = {
        label
        for label in errors
        if is_label(label) and (settings.bids_dir / f'sub-{label}').is_dir()
    }
    participants, unrecorded = sorted(present.union(scans)), []
    for participant in participants:
        run = RunRecord(facts, scans[participant], tuple(errors[participant]))
        try:
            with exclusive(participant):
                save_run(settings.output_dir, participant, run)
        except OutputError as error:
            # Continue with the other participants.
            log.error('sub-%s: %s', participant, error)
            unrecorded.append(participant)
    return participants, unrecorded


def write_pages(
    output_dir: Path,
    participants: Iterable[str],
    exclusive: Callable[[str], AbstractContextManager] = nullcontext,
) -> bool:
    """Write the report of each participant; return whether all could be written.

    ``exclusive`` keeps other runs from the files of a participant during a block, so that the last
    report that is written shows all results.
    """
    from pvs_workflow.report.page import write_subject_page

    all_written = True
    for participant in participants:
        try:
            with exclusive(participant):
                write_subject_page(output_dir, participant)
        except Exception as error:
            # A failed report must not affect any result.
            all_written = False
            log.debug('report of sub-%s', participant, exc_info=True)
            kind = '' if isinstance(error, PVSError) else f'{type(error).__name__}: '
            log.error('sub-%s: report not written: %s%s', participant, kind, error)
    return all_written


def participants_with_results(
    output_dir: Path, requested: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the participants with results, and the requested ones without.

    Raises
    ------
    NoInputError
        If no participant has results.
    NoMatchError
        If no requested participant has results.

    """
    present = sorted(
        path.name.removeprefix('sub-')
        for path in output_dir.glob('sub-*')
        # Do not search deeper, where temporary files of other runs appear and disappear.
        if is_label(path.name.removeprefix('sub-'))
        and any(any(path.glob(inner)) for inner in ('figures', 'anat', 'ses-*/anat'))
    )
    if not present:
        raise NoInputError(f'{output_dir} has no results; run without --reports-only first')
    selected = [label for label in present if not requested or label in requested]
    if not selected:
        raise NoMatchError(
            f'{output_dir} has no results for {", ".join(requested)}; '
            f'choose from {", ".join(present)}'
        )
    return selected, [label for label in requested if label not in present]
