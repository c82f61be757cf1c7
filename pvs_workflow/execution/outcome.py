"""What became of each scan, and where its results are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.errors import OutputError
from pvs_workflow.execution.failures import branches_of, explain_failures, failed_scan
from pvs_workflow.files import cannot_write
from pvs_workflow.inputs import Scan

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
    """Return which scans succeeded; ``unfinished`` are full names of nodes that did not."""
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
