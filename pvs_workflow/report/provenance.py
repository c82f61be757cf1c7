"""Which run made a participant's results: kept beside the figures, for pages made later."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_json, write_json


@dataclass(frozen=True)
class RunRecord:
    """One run, and what it did for a participant.

    Attributes
    ----------
    facts : mapping
        What the page shows of the run: command, seed, versions, model and so on.
    scans : mapping of str to str
        For each T2w that it processed, by what its derivatives' names begin with: why it failed;
        empty where it did not.
    errors : sequence of str
        What else went wrong for the participant.

    """

    facts: Mapping
    scans: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[str] = ()

    @property
    def messages(self) -> list[str]:
        """All errors."""
        return [*self.errors, *filter(None, self.scans.values())]


def record_path(output_dir: Path, participant: str) -> Path:
    """Return where a participant's runs are recorded."""
    return output_dir / f'sub-{participant}' / 'figures' / f'sub-{participant}_provenance.json'


def save_run(output_dir: Path, participant: str, run: RunRecord) -> Path:
    """Add a run to a participant's record; it takes the place of others for the same T2w.

    Raises
    ------
    OutputError
        If the record cannot be written.

    """
    try:
        earlier = load_runs(output_dir, participant)
    except PVSError:  # damaged: a new one is better than none
        earlier = []
    runs = []
    for old in earlier:
        kept = {name: why for name, why in old.scans.items() if name not in run.scans}
        if kept:  # errors that belong to no T2w are those of the last run only
            runs.append(RunRecord(old.facts, kept))
    path = record_path(output_dir, participant)
    write_json(path, {'runs': [asdict(one) for one in (*runs, run)]})
    return path


def load_runs(output_dir: Path, participant: str) -> list[RunRecord]:
    """Return the runs that made a participant's results, the last one last.

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
            raise TypeError('messages or versions that are none')
        return runs
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PVSError(
            f'{path} cannot be read, expected the record of a run, received: '
            f'{" ".join(str(error).split())}'
        ) from error


def _is_usable(run: RunRecord) -> bool:
    texts = all(isinstance(text, str) for text in (*run.errors, *run.scans.values()))
    return texts and all(
        isinstance(run.facts.get(name, {}), Mapping) for name in ('model', 'versions')
    )
