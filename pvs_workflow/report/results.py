"""Results in a participant's derivatives: the tables and saved figures of every T2w."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.find import find_files
from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.errors import PVSError
from pvs_workflow.inputs.names import name_entities

_ENDS = {'potter_grade': f'_{names.GRADE}.tsv', 'epvs_counts': f'_{names.COUNTS}.tsv'}


@dataclass(frozen=True)
class ScanResult:
    """Results of one T2w.

    Attributes
    ----------
    stem : str
        Name prefix of the derivatives: ``sub-X[_ses-Y][_acq-…][_run-…]``.
    folder : Path
        Folder of the tables.
    grade : Series, optional
        Row of the table of grades; None if the run did not finish.
    counts : DataFrame, optional
        Table of counts, six rows.
    problems : tuple of str
        Error messages of unreadable tables.

    """

    stem: str
    folder: Path
    grade: pd.Series | None
    counts: pd.DataFrame | None
    problems: tuple[str, ...]

    @property
    def entities(self) -> dict[str, str]:
        """The BIDS entities of the name, by key."""
        return name_entities(self.stem)

    @property
    def title(self) -> str:
        """The name without the participant, or the whole name if nothing else remains."""
        _, _, rest = self.stem.partition('_')
        return rest.replace('_', ' · ') or self.stem

    def has_contrast(self, suffix: str) -> bool:
        """Return whether a contrast (``T1w``, ``FLAIR``) was registered."""
        name = f'{self.stem}_space-T2w_desc-preproc_{suffix}.nii.gz'
        return (self.folder / name).is_file()

    def image_row(self, hemisphere: str, rank: int) -> dict | None:
        """Return the row of one image in the table of counts, or None."""
        if self.counts is None:
            return None
        match = (self.counts['hemisphere'] == hemisphere) & (self.counts['slice_rank'] == rank)
        return next(iter(self.counts[match].to_dict('records')), None)

    def highest(self, hemisphere: str | None = None) -> dict | None:
        """Return the row of the image with the highest count, of all six or of one hemisphere."""
        if self.counts is None:
            return None
        rows = self.counts.dropna(subset='count')
        if hemisphere:
            rows = rows[rows['hemisphere'] == hemisphere]
        return None if rows.empty else rows.loc[rows['count'].idxmax()].to_dict()


def find_scans(
    output_dir: Path, participant: str, ordering: Sequence[str] = ()
) -> list[ScanResult]:
    """Return the results of every T2w that has a table or a figure.

    They are sorted by the entities in ``ordering``, then by name.
    """
    subject = output_dir / f'sub-{participant}'
    folders = {}
    for path in find_files(output_dir, tuple(_ENDS.values()), [subject.name]).paths:
        for end in _ENDS.values():
            if path.name.endswith(end):
                folders[path.name.removesuffix(end)] = path.parent
    for path in sorted(subject.glob(f'figures/{subject.name}_*desc-*')):
        stem = path.name.partition('_desc-')[0]
        session = name_entities(stem).get('ses')
        folders.setdefault(stem, subject / (f'ses-{session}' if session else '') / 'anat')
    scans = [_read_scan(stem, folder) for stem, folder in folders.items()]
    return sorted(
        scans, key=lambda scan: ([scan.entities.get(key, '') for key in ordering], scan.stem)
    )


def _read_scan(stem: str, folder: Path) -> ScanResult:
    tables, problems = {}, []
    for table, end in _ENDS.items():
        path = folder / f'{stem}{end}'
        if path.is_file():
            try:
                tables[table] = read_table(path, table)
            except PVSError as error:
                problems.append(str(error))
    grade = tables['potter_grade'].iloc[0] if 'potter_grade' in tables else None
    return ScanResult(stem, folder, grade, tables.get('epvs_counts'), tuple(problems))
