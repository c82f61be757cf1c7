"""Each participant to one run at a time, in the output folder and in the work folder."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.claims import Claims, Keeper
from pvs_workflow.execution.stopping import StoppedError, ignore_signals
from pvs_workflow.files import remove_leftovers
from pvs_workflow.inputs import Scan, Selection
from pvs_workflow.settings import Settings


@dataclass(frozen=True)
class Share:
    """What a run has to itself.

    Attributes
    ----------
    selection : Selection
        Without those that other runs work on.
    busy : tuple of str
        One sentence for each participant that another run works on.
    keeper : Keeper
    work : Claims
        In the work folder.

    """

    selection: Selection
    busy: tuple[str, ...]
    keeper: Keeper
    work: Claims

    @property
    def scans_in_shared_work(self) -> tuple[Scan, ...] | None:
        """The scans, if other runs use the work folder for others; ``None`` if they do not."""
        return self.selection.scans if self.work.has_neighbours() else None

    def check(self) -> None:
        """Raise OutputError if a folder is no longer this run's own."""
        if lost := self.keeper.lost():
            raise OutputError(_lost(lost))


@contextmanager
def sharing(settings: Settings, logs: Path, selection: Selection) -> Iterator[Share]:
    """Claim the participants for the time of the block, and clear up what was left half-written.

    Parameters
    ----------
    settings : Settings
    logs : Path
        In the output folder.
    selection : Selection

    Yields
    ------
    Share

    Raises
    ------
    OutputError
        If a folder cannot be written to, or was removed or taken over in the meantime.

    """
    output, work = (Claims(folder, settings.run_id) for folder in (logs, settings.work_dir))
    with ExitStack() as stack:
        # Also if it is stopped before all is claimed.
        keeper = stack.enter_context(Keeper((output, work)))
        people = [scan.participant for scan in selection.scans]
        people = list(dict.fromkeys([*people, *(label for label, _ in selection.missing)]))
        busy = _take(output, people, 'sub-', f'writes to {settings.output_dir}')
        free = [label for label in people if label not in busy]
        busy |= _take(work, free, 'pvs_wf_sub-', f'uses the work folder {settings.work_dir}')
        own = tuple(scan for scan in selection.scans if scan.participant not in busy)
        missing = tuple(item for item in selection.missing if item[0] not in busy)
        mine = replace(selection, scans=own, missing=missing)
        share = Share(mine, tuple(busy.values()), keeper, work)
        _clear_up(settings.output_dir, own, mine=True)
        try:
            yield share
        except (Exception, StoppedError) as error:
            ignore_signals()
            # Whatever went wrong: this is why.
            if lost := keeper.lost():
                raise OutputError(_lost(lost)) from error
            raise
        finally:
            _clear_up(settings.output_dir, own, mine=not keeper.lost())


def _take(claims: Claims, people: list[str], prefix: str, doing: str) -> dict[str, str]:
    taken = claims.take(f'{prefix}{label}' for label in people)
    return {
        name.removeprefix(prefix): f'sub-{name.removeprefix(prefix)}: left to {other}, which '
        f'{doing}, expected one run at a time for each participant'
        for name, other in taken.items()
    }


def _clear_up(output_dir: Path, scans: tuple[Scan, ...], mine: bool) -> None:
    for folder in (output_dir, output_dir / 'logs'):
        remove_leftovers(folder)
    for participant in {scan.participant for scan in scans}:
        folder = output_dir / f'sub-{participant}'
        remove_leftovers(folder, below=True, all_of_them=mine)


def _lost(folders: list[Path]) -> str:
    shown = ' and '.join(str(folder) for folder in folders)
    verb = 'is' if len(folders) == 1 else 'are'
    return (
        f'{shown} {verb} no longer as this run has left it, expected a folder that stays where it '
        'is and keeps its files while a run is at work, received one that was removed, or that '
        'another run has taken over after this one stood still; the same command makes anew what '
        'is missing'
    )
