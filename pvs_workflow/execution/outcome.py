"""Determine which scans succeeded, explain failures, and locate and retire results."""

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.errors import OutputError
from pvs_workflow.inputs import Scan

_PVS_ERROR = re.compile(r'^\s*pvs_workflow\.errors\.\w+: (?P<message>.+)$', re.MULTILINE)
_DEAD_WORKER = re.compile(r'^\s*\S*WorkerDiedError: (?P<message>.+)$', re.MULTILINE)
_DISK_FULL = re.compile('No space left on device|Disk quota exceeded|File too large')
WORK_MB = 100
"""Disk space for the intermediate results of a typical T2w with T1w and FLAIR, MB."""

_RESULTS = tuple(f'{table}.{suffix}' for table in names.TABLES for suffix in ('tsv', 'json'))


@dataclass(frozen=True)
class Outcome:
    """The scans that succeeded, and one message for each scan that failed.

    A scan succeeded if all its steps succeeded or were up to date, and its result exists.
    """

    done: tuple[Scan, ...]
    failed: Mapping[Scan, str]


def collect_outcome(
    output_dir: Path, scans: Sequence[Scan], failures: Sequence, unfinished: Sequence[str]
) -> Outcome:
    """Return the scans that succeeded, and for each other scan a message about its first failure.

    ``unfinished`` contains the full names of nodes that did not succeed. A failure that does not
    belong to a scan fails all scans.
    """
    failed, branches = {}, branches_of(scans)
    for failure in failures:
        scan = failed_scan(failure.node, branches)
        for affected in [scan] if scan else scans:
            message = explain_failure(
                affected, failure.node, failure.traceback, failure.crash_file
            )
            failed.setdefault(affected, message)
    stopped = {failed_scan(node, branches) for node in unfinished}
    for scan in scans:
        if scan in stopped:
            failed.setdefault(scan, f'{scan.prefix}: not finished because the run stopped early')
        table = result_path(output_dir, scan)
        if not table.is_file():
            failed.setdefault(
                scan,
                f'{scan.prefix}: all steps succeeded but {table} is missing; '
                'rerun with --clean-workdir',
            )
    done = tuple(scan for scan in scans if scan not in failed)
    return Outcome(done, {scan: failed[scan] for scan in scans if scan in failed})


def explain_failure(scan: Scan, node: str, traceback: str, crash_file: Path) -> str:
    """Return one sentence that explains why a node failed.

    It is the message of the :class:`~pvs_workflow.errors.PVSError`, if there is one. Otherwise it
    names the step, the last line of the traceback and the crash file.
    """
    reason = find_reason(node, traceback)
    is_expected = any(one.search(traceback) for one in (_PVS_ERROR, _DEAD_WORKER, _DISK_FULL))
    details = '' if is_expected else f' (details: {crash_file})'
    return f'{scan.prefix}: {reason}{details}'


def find_reason(node: str, traceback: str) -> str:
    """Return why a node failed, without the scan."""
    step = node.rsplit('.', 1)[-1]
    if errors := list(_PVS_ERROR.finditer(traceback)):
        return errors[-1]['message'].strip()
    if reasons := list(_DEAD_WORKER.finditer(traceback)):
        return f'step {step} failed: {reasons[-1]["message"].strip()}'
    if reasons := list(_DISK_FULL.finditer(traceback)):
        temporary = tempfile.gettempdir()
        return (
            f'step {step} cannot write to the work folder or {temporary}: {reasons[-1][0]}; free '
            f'about {WORK_MB} MB per T2w, or choose another --work-dir or TMPDIR'
        )
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    return f'step {step} failed: {lines[-1] if lines else "no message"}'


def branches_of(scans: Iterable[Scan]) -> dict[str, Scan]:
    """Return the scans, keyed by the names of their sub-workflows."""
    return {branch_name(scan): scan for scan in scans}


def branch_name(scan: Scan) -> str:
    """Return the name of a scan's sub-workflow."""
    return f'{scan.name}_wf'


def failed_scan(node: str, branches: Mapping[str, Scan]) -> Scan | None:
    """Return the scan whose sub-workflow contains a node, or ``None``."""
    return next((branches[part] for part in node.split('.') if part in branches), None)


def result_path(output_dir: Path, scan: Scan, name: str = _RESULTS[0]) -> Path:
    """Return the path of a scan's table, by default that of its grade."""
    return output_dir / scan.folder / f'{scan.prefix}_{name}'


def used_images(output_dir: Path, scan: Scan) -> Scan:
    """Return a finished scan without the T1w or FLAIR that could not be used."""
    images = {'t1w': names.T1W, 'flair': names.FLAIR}
    unused = [
        contrast
        for contrast, name in images.items()
        if not result_path(output_dir, scan, f'{name}.nii.gz').is_file()
    ]
    return replace(scan, **dict.fromkeys(unused))


def retire_results(output_dir: Path, scan: Scan, run_id: str) -> list[Path]:
    """Move earlier tables of a failed scan to the participant's log folder; return their paths.

    Raises
    ------
    OutputError
        If a table cannot be moved.

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
                    f'{path} is from an earlier run and cannot be moved to {target}: '
                    f'{error.strerror or error}; delete it'
                ) from error
            moved.append(target)
    return moved
