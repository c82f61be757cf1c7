"""Record of the runs that produced a participant's results, from which pages are rebuilt."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_json, write_json


@dataclass(frozen=True)
class RunRecord:
    """One run, and its outcome for a participant.

    Attributes
    ----------
    facts : mapping
        Facts about the run shown on the page: command, seed, versions, model etc.
    scans : mapping of str to str
        The T2w that the run processed: name prefix of the derivatives to error message, which is
        empty if the T2w did not fail.
    errors : sequence of str
        Errors of the participant that belong to no T2w.

    """

    facts: Mapping
    scans: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[str] = ()

    @property
    def messages(self) -> list[str]:
        """All error messages."""
        return [*self.errors, *filter(None, self.scans.values())]


def record_path(output_dir: Path, participant: str) -> Path:
    """Return the path of a participant's record."""
    return output_dir / f'sub-{participant}' / 'figures' / f'sub-{participant}_provenance.json'


def save_run(output_dir: Path, participant: str, run: RunRecord) -> Path:
    """Add a run to a participant's record; it replaces earlier runs of the same T2w.

    Raises
    ------
    OutputError
        If the record cannot be written.

    """
    try:
        earlier = load_runs(output_dir, participant)
    except PVSError:  # replace a damaged record
        earlier = []
    runs = []
    for old in earlier:
        scans = {name: error for name, error in old.scans.items() if name not in run.scans}
        if scans:  # other errors of earlier runs are dropped
            runs.append(RunRecord(old.facts, scans))
    path = record_path(output_dir, participant)
    write_json(path, {'runs': [asdict(record) for record in (*runs, run)]})
    return path


def load_runs(output_dir: Path, participant: str) -> list[RunRecord]:
    """Return the runs that produced a participant's results, the latest last.

    Raises
    ------
    PVSError
        If the record cannot be read.

    """
    path = record_path(output_dir, participant)
    if not path.exists():
        return []
    try:
        runs = [
            RunRecord(dict(run['facts']), dict(run['scans']), tuple(run['errors']))
            for run in read_json(path)['runs']
        ]
        if not all(map(_is_usable, runs)):
            raise TypeError('messages or versions have the wrong type')
        return runs
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = ' '.join(str(error).split())
        raise PVSError(f'{path} is not a valid record of runs: {reason}') from error


def _is_usable(run: RunRecord) -> bool:
    texts = all(isinstance(text, str) for text in (*run.errors, *run.scans.values()))
    return texts and all(
        isinstance(run.facts.get(name, {}), Mapping) for name in ('model', 'versions')
    )
