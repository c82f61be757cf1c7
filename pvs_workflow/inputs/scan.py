"""One T2w to process, and the images that go with it."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scan:
    """One T2w, and the other contrasts that go with it.

    Attributes
    ----------
    participant, session : str
        Labels without prefix; ``None`` without sessions.
    t2w : Path
    t1w, flair : Path, optional
    entities : tuple of (str, str)
        All of the T2w's entities in BIDS order, values as in the file name.
    notes : tuple of str
        How the other contrasts were chosen, one sentence each.

    """

    participant: str
    session: str | None
    t2w: Path
    t1w: Path | None
    flair: Path | None
    entities: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """How the names of this scan's results start."""
        return '_'.join(f'{key}-{value}' for key, value in self.entities)

    @property
    def folder(self) -> str:
        """Where its results go, below the output folder."""
        session = f'/ses-{self.session}' if self.session else ''
        return f'sub-{self.participant}{session}/anat'

    @property
    def name(self) -> str:
        """The prefix as the name of a node: letters, digits and underscores."""
        return re.sub(r'[^0-9A-Za-z]', '_', self.prefix.replace('+', '__'))

    def sources(self, bids_dir: Path) -> tuple[str, ...]:
        """Return the BIDS URIs of the scan's images in the dataset ``raw``."""
        images = [path for path in (self.t2w, self.t1w, self.flair) if path]
        return tuple(f'bids:raw:{path.relative_to(bids_dir).as_posix()}' for path in images)


@dataclass(frozen=True)
class Selection:
    """What a query found.

    Attributes
    ----------
    scans : tuple of Scan
        Sorted by participant, session and file name.
    missing : tuple of (str, str)
        Asked-for participants that (in part) cannot be processed, and why, in one sentence.
    skipped : tuple of (str, str)
        Participants that were not asked for by label and that the session labels or filters
        leave out, and why.

    """

    scans: tuple[Scan, ...]
    missing: tuple[tuple[str, str], ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
