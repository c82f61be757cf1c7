"""What became of each scan, why it failed, and where its results are."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.errors import OutputError
from pvs_workflow.files import cannot_write
from pvs_workflow.inputs import Scan

_OWN_ERROR = re.compile(r'^\s*pvs_workflow\.errors\.\w+: (?P<message>.+)$', re.MULTILINE)
_DEATH = re.compile(r'^\s*\S*WorkerDiedError: (?P<message>.+)$', re.MULTILINE)
_NO_ROOM = re.compile('No space left on device|Disk quota exceeded|File too large')
ROOM_MB = 100
"""Space that the work on a usual T2w with T1w and FLAIR takes."""

_RESULTS = tuple(f'{table}.{suffix}' for table in names.TABLES for suffix in ('tsv', 'json'))


@dataclass(frozen=True)
class Outcome:
    """The scans that succeeded, and one sentence for each that failed.

    A scan succeeded if all its steps did, or were up to date, and its result is there.
    """

    done: tuple[Scan, ...]
    failed: Mapping[Scan, str]


def collect_outcome(
    output_dir: Path, scans: Sequence[Scan], failures: Sequence, unfinished: Sequence[str]
) -> Outcome:
    """Return which scans succeeded, and for each other one a sentence on its first failure.

    ``unfinished`` are full names of nodes that did not succeed. A failure that belongs to no scan
    fails all of them.
    """
    failed, branches = {}, branches_of(scans)
    for failure in failures:
        scan = failed_scan(failure.node, branches)
        for one in [scan] if scan else scans:
            sentence = explain_failure(one, failure.node, failure.traceback, failure.crash_file)
            failed.setdefault(one, sentence)
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


def explain_failure(scan: Scan, node: str, traceback: str, crash_file: Path) -> str:
    """Return one sentence on why a node failed.

    That is the message of our own error where there is one; else the node, the last line of the
    traceback and the file with all of it.
    """
    step = node.rsplit('.', 1)[-1]
    if own := list(_OWN_ERROR.finditer(traceback)):
        return f'{scan.prefix}: {own[-1]["message"].strip()}'
    if death := list(_DEATH.finditer(traceback)):
        return f'{scan.prefix}: step {step} did not end, {death[-1]["message"].strip()}'
    if room := list(_NO_ROOM.finditer(traceback)):
        return (
            f'{scan.prefix}: step {step} cannot write, expected a work folder with room for about '
            f'{ROOM_MB} MB for each T2w (--work-dir), received: {room[-1][0]}'
        )
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    return (
        f'{scan.prefix}: step {step} failed with {lines[-1] if lines else "no message"} '
        f'(all of it in {crash_file})'
    )


def branches_of(scans: Iterable[Scan]) -> dict[str, Scan]:
    """Return the scans by the names of their sub-workflows."""
    return {branch_name(scan): scan for scan in scans}


def branch_name(scan: Scan) -> str:
    """Return the name of a scan's sub-workflow."""
    return f'{scan.name}_wf'


def failed_scan(node: str, branches: Mapping[str, Scan]) -> Scan | None:
    """Return the scan whose sub-workflow a node belongs to, ``None`` for one of the run's own."""
    return next((branches[part] for part in node.split('.') if part in branches), None)


def result_path(output_dir: Path, scan: Scan, name: str = _RESULTS[0]) -> Path:
    """Return the path of a scan's grade, or of another of its tables."""
    return output_dir / scan.folder / f'{scan.prefix}_{name}'


def retire_results(output_dir: Path, scan: Scan, run_id: str) -> list[Path]:
    """Move earlier tables of a scan that now failed to the participant's logs; return the paths.

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
                    f'{path} is of an earlier run, do not use it: {cannot_write(target, error)}'
                ) from error
            moved.append(target)
    return moved
