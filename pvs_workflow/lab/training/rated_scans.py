"""T2w images that can be learned from: those with basal ganglia, and with masks or ratings."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np

from pvs_workflow.derivatives import names
from pvs_workflow.errors import ImageError, NoInputError, PVSError
from pvs_workflow.files import read_json
from pvs_workflow.inputs.names import name_entities
from pvs_workflow.raters.rating_rows import parse_hemisphere, parse_number, parse_person, read_rows

ROI = f'{names.ROI}.nii.gz'
RATERS = ('space-T2w_desc-raters_dseg.nii.gz', 'space-T2w_desc-raters_mask.nii.gz')
"""Raters' masks: each ePVS its own integer, or all of them alike."""

TRUTH = f'{names.EPVS}.nii.gz'
"""The truth of simulated ePVS; in results of the app the same name is what the model found."""

APP = 'pvs_workflow'
"""As the app calls itself in ``GeneratedBy``."""

_PREPARED = f'{names.T2W}.nii.gz'
_ENHANCED = f'{names.ENHANCED}.nii.gz'


COLUMNS = ('participant_id', 'hemisphere', 'slice', 'count')
"""Columns that a table of ratings needs; ``session_id`` only where there are sessions."""

Counts = Mapping[tuple[str, int], float]
"""The count of each hemisphere's (L, R) slice; the slice as in the input T2w file, from 0."""


@dataclass(frozen=True)
class Ratings:
    """What raters counted.

    Attributes
    ----------
    source : Path
        The table.
    counts : mapping of (participant, session) to Counts
        Labels without prefix; the session is ``None`` without. Several rows of one image are
        averaged.

    """

    source: Path
    counts: Mapping[tuple[str, str | None], Counts]


@dataclass(frozen=True)
class RatedScan:
    """A T2w that can be learned from.

    Attributes
    ----------
    participant, session : str
        Labels without prefix; ``None`` without sessions.
    t2w : Path
        What inference sees: bias-corrected where the app has done so.
    roi : Path
        1 left, 2 right.
    masks : Path or None
        The ePVS.
    rated : mapping of (hemisphere, slice) to float
        What raters counted, where there are no masks.

    """

    participant: str
    session: str | None
    t2w: Path
    roi: Path
    masks: Path | None
    rated: Counts = field(default_factory=dict)


def find_rated_scans(
    bids_dir: Path,
    derivatives: Path,
    masks: Path | None = None,
    ratings: Ratings | None = None,
) -> list[RatedScan]:
    """Find every T2w of a dataset that has basal ganglia, and masks or ratings.

    Parameters
    ----------
    bids_dir : Path
    derivatives : Path
        Results of the app, or the truth of a simulated dataset. Its masks of ePVS are used
        where neither ``masks`` nor ``ratings`` are given. What the app itself found is never
        taken for masks.
    masks : Path, optional
        Folder of the raters' masks, sorted as the dataset is or all in one place.
    ratings : Ratings, optional
        For T2w without masks.

    Returns
    -------
    list of RatedScan
        Sorted by file name.

    Raises
    ------
    NoInputError
        If there is none.
    PVSError
        If ratings belong to no T2w, or to several.

    """
    scans = sorted(Path(bids_dir).glob('sub-*/**/*_T2w.nii*'))
    folder = masks or (None if ratings else derivatives)
    out, with_roi = [], 0
    for scan in scans:
        place = scan.relative_to(bids_dir).parent
        name = scan.name.split('.nii')[0].removesuffix('T2w')
        roi = Path(derivatives, place, name + ROI)
        if not roi.is_file():
            continue
        with_roi += 1
        prepared = roi.with_name(name + _PREPARED)
        found = _find_masks(Path(folder), place, name) if folder else None
        labels = name_entities(name)
        person = place.parts[0].removeprefix('sub-'), labels.get('ses')
        rated = ratings.counts.get(person, {}) if ratings and not found else {}
        if found or rated:
            t2w = prepared if prepared.is_file() else scan
            out.append(RatedScan(*person, t2w, roi, found, rated))
    if ratings:
        _check_matches(ratings, out)
    if not out:
        raise NoInputError(_nothing(bids_dir, derivatives, folder, len(scans), with_roi))
    return out


def are_alike(path: Path, masks: np.ndarray) -> bool:
    """Return whether all ePVS of raters' masks, read from ``path``, have one value.

    Raises
    ------
    ImageError
        If it is no mask: not of whole numbers, or of several where the name promises one.

    """
    values = np.unique(masks)
    if not np.isfinite(values).all() or (values < 0).any() or (values % 1).any():
        raise ImageError(
            f'{path} is no mask, expected whole numbers from 0, received values from '
            f'{values[0]:g} to {values[-1]:g}'
        )
    alike = np.count_nonzero(values) < 2
    if path.name.endswith(RATERS[1]) and not alike:
        raise ImageError(
            f'{path} is no binary mask, expected 0 and one other value (or a name that ends in '
            f'{RATERS[0]}), received {values.size} values'
        )
    return alike


def is_results(folder: Path) -> bool:
    """Return whether a derivative dataset holds results of the app: what a model found."""
    try:
        makers = read_json(folder / 'dataset_description.json').get('GeneratedBy', [])
        return any(maker.get('Name') == APP for maker in makers)
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def read_counts(path: Path) -> Ratings:
    """Read a table of tab-separated values with a row for each image and rater.

    Its columns are ``participant_id`` (with or without ``sub-``), ``session_id`` (with or
    without ``ses-``; ``n/a`` or left out without sessions), ``hemisphere`` (L or R, the
    person's own), ``slice`` (index along the slice axis of the input T2w file as it is stored,
    from 0) and ``count``. Other columns are not read.

    Raises
    ------
    PVSError
        If the table cannot be read, lacks a column or rows, or has an unusable value.

    """
    path = Path(path)
    found = defaultdict(lambda: defaultdict(list))
    for person, image, count in read_rows(path, _parse_row, [(name,) for name in COLUMNS]):
        found[person][image].append(count)
    if not found:
        raise PVSError(f'{path} has no ratings, expected a row for each image, received none')
    counts = {
        person: {image: fmean(values) for image, values in images.items()}
        for person, images in found.items()
    }
    return Ratings(path, counts)


def _find_masks(folder: Path, place: Path, name: str) -> Path | None:
    kinds = RATERS if is_results(folder) else (*RATERS, TRUTH)
    for where in (folder / place, folder):
        for kind in kinds:
            path = where / f'{name}{kind}'
            # Beside enhanced images it is the model's, also where the description was lost.
            if path.is_file() and not (kind == TRUTH and (where / f'{name}{_ENHANCED}').is_file()):
                return path
    return None


def _check_matches(ratings: Ratings, scans: list[RatedScan]) -> None:
    people = [(scan.participant, scan.session) for scan in scans]
    for person in ratings.counts:
        number = people.count(person)
        if number != 1:
            session = f', session {person[1]},' if person[1] else ''
            received = f'{number} of them' if number else 'none with basal ganglia'
            raise PVSError(
                f'{ratings.source} has ratings of participant {person[0]}{session} that cannot '
                f'be used, expected one T2w that they belong to, received {received}'
            )


def _nothing(bids_dir, derivatives, folder, scans: int, with_roi: int) -> str:
    wanted = f'their ePVS in {folder} (files ending in {RATERS[1]})' if folder else 'ratings'
    own = folder is not None and is_results(Path(folder))
    return (
        f'{bids_dir} has nothing to train on, expected sub-*_T2w.nii.gz files with their basal '
        f'ganglia in {derivatives} and {wanted}, received {scans} T2w images and no truth for '
        f'{f"the {with_roi} with basal ganglia" if with_roi else "them"}'
        + (f' (what {APP} itself found is none)' if own else '')
    )


def _parse_row(line: str, row: Mapping[str, str]) -> tuple:
    """Return whose image it is, its hemisphere and slice, and the count."""
    image = parse_hemisphere(row['hemisphere']), parse_number('slice', row['slice'])
    return parse_person(row), image, parse_number('count', row['count'])
