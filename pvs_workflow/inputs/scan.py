"""Scans to process, and the result of a query for them."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scan:
    """A T2w image and the T1w and FLAIR chosen for it.

    Attributes
    ----------
    participant, session : str
        Labels without prefix; the session is ``None`` in a dataset without sessions.
    t2w : Path
    t1w, flair : Path, optional
    entities : tuple of (str, str)
        All entities of the T2w in BIDS order, with the values in its file name.
    notes : tuple of str
        How the other contrasts were chosen, one phrase each.
    problems : tuple of str
        What is wrong with optional files, one sentence each. The results need review.

    """

    participant: str
    session: str | None
    t2w: Path
    t1w: Path | None
    flair: Path | None
    entities: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """Prefix of the file names of this scan's results."""
        return '_'.join(f'{key}-{value}' for key, value in self.entities)

    @property
    def folder(self) -> str:
        """Folder of the results, relative to the output folder."""
        session = f'/ses-{self.session}' if self.session else ''
        return f'sub-{self.participant}{session}/anat'

    @property
    def name(self) -> str:
        """Prefix as a node name of letters, digits and underscores."""
        return re.sub(r'[^0-9A-Za-z]', '_', self.prefix.replace('+', '__'))

    def sources(self, bids_dir: Path) -> tuple[str, ...]:
        """Return the BIDS URIs of the scan's images in the dataset named ``raw``."""
        images = [path for path in (self.t2w, self.t1w, self.flair) if path]
        return tuple(f'bids:raw:{path.relative_to(bids_dir).as_posix()}' for path in images)


@dataclass(frozen=True)
class Selection:
    """The result of a query for scans.

    Attributes
    ----------
    scans : tuple of Scan
        Sorted by participant, session and file name.
    missing : tuple of (str, str)
        Participants with a missing or unusable T2w, and a sentence that says why.
    skipped : tuple of (str, str)
        Participants without a match for the session labels or filters, and a sentence that says
        so. A participant that was requested by label is ``missing`` instead.
    warnings : tuple of str
        Sentences about files that were left out, though the T2w of their session is processed.

    """

    scans: tuple[Scan, ...]
    missing: tuple[tuple[str, str], ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
