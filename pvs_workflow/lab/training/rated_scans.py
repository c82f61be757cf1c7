"""Find the T2w images of a dataset with basal ganglia and with ePVS masks or ratings."""

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
"""File names of raters' masks: one integer per ePVS, or a binary mask."""

TRUTH = f'{names.EPVS}.nii.gz'
"""File name of the true ePVS of simulated scans. In results of the app, the same name is used for
ePVS that the model found."""

APP = 'pvs_workflow'
"""Name of the app in ``GeneratedBy``."""

_PREPARED = f'{names.T2W}.nii.gz'
_ENHANCED = f'{names.ENHANCED}.nii.gz'


COLUMNS = ('participant_id', 'hemisphere', 'slice', 'count')
"""Required columns of a table of ratings; ``session_id`` is needed only if there are sessions."""

Counts = Mapping[tuple[str, int], float]
"""Count of each (hemisphere, slice): L or R, and the slice index in the input T2w file, from 0."""


@dataclass(frozen=True)
class Ratings:
    """Counts of raters.

    Attributes
    ----------
    source : Path
        Table of ratings.
    counts : mapping of (participant, session) to Counts
        Labels without prefix; ``None`` for no session. Several rows of one image are averaged.

    """

    source: Path
    counts: Mapping[tuple[str, str | None], Counts]


@dataclass(frozen=True)
class RatedScan:
    """A T2w image with basal ganglia, and with ePVS masks or ratings.

    Attributes
    ----------
    participant, session : str
        Labels without prefix; the session may be ``None``.
    t2w : Path
        T2w as used at inference: bias-corrected if the app has corrected it.
    roi : Path
        Basal ganglia: 1 left, 2 right.
    masks : Path or None
        Masks of the ePVS.
    rated : mapping of (hemisphere, slice) to float
        Counts of the raters, used without masks.

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
    """Find the T2w images of a dataset with basal ganglia, and with masks or ratings.

    Parameters
    ----------
    bids_dir : Path
    derivatives : Path
        Results of the app, or the truth of a simulated dataset. Its masks of ePVS are used if
        neither ``masks`` nor ``ratings`` is given. ePVS found by the app are never used as
        masks.
    masks : Path, optional
        Folder of the raters' masks, with the folders of the dataset or flat.
    ratings : Ratings, optional
        Ratings of T2w images without masks.

    Returns
    -------
    list of RatedScan
        Sorted by file name.

    Raises
    ------
    NoInputError
        If there are none.
    PVSError
        If ratings match no T2w image, or several.

    """
    images = sorted(Path(bids_dir).glob('sub-*/**/*_T2w.nii*'))
    folder = masks or (None if ratings else derivatives)
    scans, with_roi = [], 0
    for image in images:
        parent = image.relative_to(bids_dir).parent
        name = image.name.split('.nii')[0].removesuffix('T2w')
        roi = Path(derivatives, parent, name + ROI)
        if not roi.is_file():
            continue
        with_roi += 1
        prepared = roi.with_name(name + _PREPARED)
        mask = _find_masks(Path(folder), parent, name) if folder else None
        labels = name_entities(name)
        person = parent.parts[0].removeprefix('sub-'), labels.get('ses')
        rated = ratings.counts.get(person, {}) if ratings and not mask else {}
        if mask or rated:
            t2w = prepared if prepared.is_file() else image
            scans.append(RatedScan(*person, t2w, roi, mask, rated))
    if ratings:
        _check_matches(ratings, scans)
    if not scans:
        raise NoInputError(_nothing_to_train_on(bids_dir, derivatives, folder, images, with_roi))
    return scans


def is_binary(path: Path, masks: np.ndarray) -> bool:
    """Return whether all ePVS of a rater's masks, read from ``path``, have the same value.

    Raises
    ------
    ImageError
        If the values are not whole numbers ≥ 0, or if a file named as binary mask has several.

    """
    values = np.unique(masks)
    if not np.isfinite(values).all() or (values < 0).any() or (values % 1).any():
        raise ImageError(
            f'{path} is not a mask: its values from {values[0]:g} to {values[-1]:g} are not all '
            'whole numbers ≥ 0'
        )
    binary = np.count_nonzero(values) < 2
    if path.name.endswith(RATERS[1]) and not binary:
        raise ImageError(
            f'{path} is not a binary mask: it has {values.size} different values; give it a name '
            f'that ends in {RATERS[0]} if these are labels'
        )
    return binary


def is_results(folder: Path) -> bool:
    """Return whether a derivative dataset contains results of the app."""
    try:
        makers = read_json(folder / 'dataset_description.json').get('GeneratedBy', [])
        return any(maker.get('Name') == APP for maker in makers)
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def read_counts(path: Path) -> Ratings:
    """Read a TSV table with one row for each image and rater.

    Its columns are ``participant_id`` (with or without ``sub-``), ``session_id`` (with or
    without ``ses-``; ``n/a`` or no such column without sessions), ``hemisphere`` (L or R of the
    person), ``slice`` (index along the slice axis of the input T2w file as stored, from 0) and
    ``count``. Other columns are ignored.

    Raises
    ------
    PVSError
        If the table cannot be read, lacks a column or rows, or has an invalid value.

    """
    path = Path(path)
    ratings = defaultdict(lambda: defaultdict(list))
    for person, image, count in read_rows(path, _parse_row, [(name,) for name in COLUMNS]):
        ratings[person][image].append(count)
    if not ratings:
        raise PVSError(f'{path} has no ratings; add a row for each rated image')
    counts = {
        person: {image: fmean(values) for image, values in images.items()}
        for person, images in ratings.items()
    }
    return Ratings(path, counts)


def _find_masks(root: Path, parent: Path, name: str) -> Path | None:
    kinds = RATERS if is_results(root) else (*RATERS, TRUTH)
    for folder in (root / parent, root):
        enhanced = folder / f'{name}{_ENHANCED}'
        for kind in kinds:
            path = folder / f'{name}{kind}'
            # An enhanced image shows that these ePVS are the model's, even if the dataset
            # description is missing.
            if path.is_file() and not (kind == TRUTH and enhanced.is_file()):
                return path
    return None


def _check_matches(ratings: Ratings, scans: list[RatedScan]) -> None:
    people = [(scan.participant, scan.session) for scan in scans]
    for person in ratings.counts:
        number = people.count(person)
        if number != 1:
            session = f', session {person[1]},' if person[1] else ''
            matches = f'{number} T2w images' if number else 'no T2w image with basal ganglia'
            raise PVSError(
                f'the ratings of participant {person[0]}{session} in {ratings.source} match '
                f'{matches}; each participant and session needs exactly one T2w'
            )


def _nothing_to_train_on(bids_dir, derivatives, folder, images, with_roi: int) -> str:
    """Return the error message for a dataset without usable T2w images."""
    if not images:
        return f'no T2w images (sub-*_T2w.nii.gz) in {bids_dir}; check the folder'
    if not with_roi:
        return (
            f'{len(images)} T2w images in {bids_dir}, none with basal ganglia in {derivatives}; '
            'run pvs_workflow on them first'
        )
    if not folder:
        return f'no ratings of the {with_roi} T2w images with basal ganglia in {bids_dir}'
    return (
        f'no ePVS masks (*_{RATERS[1]}) in {folder} of the {with_roi} T2w images with basal '
        f'ganglia in {bids_dir}'
        + (f'; ePVS found by {APP} are not used' if is_results(Path(folder)) else '')
    )


def _parse_row(line: str, row: Mapping[str, str]) -> tuple:
    """Return (participant, session), (hemisphere, slice) and count of a row."""
    image = parse_hemisphere(row['hemisphere']), parse_number('slice', row['slice'])
    return parse_person(row), image, parse_number('count', row['count'])
