"""One sentence for each scan with a failed node."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pvs_workflow.inputs import Scan

_OWN_ERROR = re.compile(r'^\s*pvs_workflow\.errors\.\w+: (?P<message>.+)$', re.MULTILINE)
_DEATH = re.compile(r'^\s*\S*WorkerDiedError: (?P<message>.+)$', re.MULTILINE)
_NO_ROOM = re.compile('No space left on device|Disk quota exceeded|File too large')
ROOM_MB = 100
"""Space that the work on a usual T2w with T1w and FLAIR takes."""


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


def explain_failures(failures: Sequence, scans: Sequence[Scan]) -> dict[Scan, str]:
    """Return one sentence for each scan with a failed node: that of its first failure.

    A failure that belongs to no scan fails all of them.
    """
    sentences, branches = {}, branches_of(scans)
    for failure in failures:
        scan = failed_scan(failure.node, branches)
        for failed in [scan] if scan else scans:
            sentence = explain_failure(failed, failure.node, failure.traceback, failure.crash_file)
            sentences.setdefault(failed, sentence)
    return sentences
