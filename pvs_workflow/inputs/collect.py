"""Every T2w a scan, and which T1w and FLAIR go with it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pvs_workflow.errors import NoInputError, NoMatchError, one_line
from pvs_workflow.inputs.dataset import (
    check_dataset,
    clean_labels,
    find_participants,
    list_participant,
    natural_key,
    no_label,
)
from pvs_workflow.inputs.layout import LayoutIndex
from pvs_workflow.inputs.names import find_misplaced
from pvs_workflow.inputs.query import BIDSImage, find_images
from pvs_workflow.inputs.scan import Scan, Selection

_CONTRASTS = {'t1w': 'T1w', 'flair': 'FLAIR'}


def collect_scans(
    bids_dir: Path,
    *,
    participants: Iterable[str] = (),
    sessions: Iterable[str] = (),
    filters: Mapping[str, Mapping] | None = None,
    database_dir: Path | None = None,
) -> Selection:
    """Find the T2w images to process, and the T1w and FLAIR that go with each.

    Every T2w is a scan. Of several T1w or FLAIR it takes the same session's, else the nearest
    session's (in the order of the participant's sorted labels; of two equally near the earlier),
    then the lowest run, then the first name. Session labels choose among the T2w only, so that a
    session's result does not depend on which others were asked for.

    Parameters
    ----------
    bids_dir : Path
    participants, sessions : iterable of str
        Labels with or without prefix; empty for all.
    filters : mapping, optional
        From :func:`load_filters`.
    database_dir : Path, optional
        Where pybids' index of the whole dataset is read from or, where there is none, kept.

    Raises
    ------
    InvalidDatasetError
        If the folder is missing, or is not described as a raw BIDS dataset.
    NoMatchError
        If labels or filters match nothing.
    NoInputError
        If the chosen participants have no usable T2w.

    """
    bids_dir = Path(bids_dir).absolute()
    check_dataset(bids_dir)
    asked = clean_labels(participants, 'sub-')
    chosen = clean_labels(sessions, 'ses-')
    present, missing = find_participants(bids_dir, asked)
    filters = filters or {}
    listings = {label: list_participant(bids_dir, label) for label in present}
    files = [file for listing in listings.values() for file in listing.files]
    # pybids is asked only where it has to be; its index is of these participants, or kept.
    wanted = database_dir is not None or any(filters.values())
    index = LayoutIndex(bids_dir, present, database_dir) if wanted else None
    images = {
        kind: _by_participant(find_images(bids_dir, files, kind, filters.get(kind), index))
        for kind in ('t2w', *_CONTRASTS)
    }
    every_t2w = images['t2w']
    if filters.get('t2w'):
        every_t2w = _by_participant(find_images(bids_dir, files, 't2w', None, index))

    scans, skipped, unmatched = [], [], False
    for participant in present:
        own = {kind: groups.get(participant, []) for kind, groups in images.items()}
        t2ws = [image for image in own['t2w'] if not chosen or image.get('ses') in chosen]
        listing = listings[participant]
        labels = [None, *listing.sessions]
        odd = [no_label('ses', label) for label in listing.odd_sessions]
        broken = [*odd, *find_misplaced(listing.files, listing.folders)]
        for t2w, notes in _one_of_each(t2ws):
            scan = _make_scan(t2w, own, labels, notes)
            problems = _broken_files(scan)
            broken += problems
            scans += [] if problems else [scan]
        missing += [(participant, one_line(f'sub-{participant}: {reason}')) for reason in broken]
        if not t2ws and participant in every_t2w:
            unmatched = True
            reason = f'sub-{participant}: no T2w image matches the session labels or filters'
            (missing if asked else skipped).append((participant, reason))
        elif not t2ws and not broken:
            reason = f'sub-{participant}: no T2w image, expected at least one, received none'
            missing.append((participant, reason))
    if scans:
        return Selection(tuple(scans), tuple(missing), tuple(skipped))
    if unmatched:
        raise NoMatchError(
            f'no T2w image of {bids_dir} matches, expected at least one with session '
            f'{" or ".join(chosen) or "(any)"} and filters {json.dumps(dict(filters))}, '
            'received none'
        )
    raise NoInputError(
        f'{bids_dir} has no T2w image to process, expected at least one, received: '
        f'{"; ".join(reason for _, reason in missing[:3])}'
    )


def _choose_image(
    candidates: Sequence[BIDSImage], session: str | None, labels: Sequence[str | None]
) -> BIDSImage | None:
    """Return the image that goes best with a session; ``labels`` are all, ``None`` first."""
    places = {label: place for place, label in enumerate(labels)}

    def rank(image: BIDSImage) -> tuple:
        place = places.get(image.get('ses'), 0)
        distance = abs(place - places.get(session, 0))
        return distance, place, natural_key(image.get('run')), natural_key(image.path.name)

    return min(candidates, key=rank, default=None)


def _make_scan(
    t2w: BIDSImage,
    own: Mapping[str, Sequence[BIDSImage]],
    labels: Sequence[str | None],
    notes: list[str],
) -> Scan:
    session = t2w.get('ses')
    chosen = {}
    for kind, name in _CONTRASTS.items():
        image = chosen[kind] = _choose_image(own[kind], session, labels)
        if image is None:
            notes.append(f'no {name}')
            continue
        others = '' if len(own[kind]) == 1 else f', of {len(own[kind])}'
        away = '' if image.get('ses') == session else f', of session {image.get("ses")}'
        notes.append(f'{name} {image.path.name}{away}{others}')
    return Scan(
        participant=t2w.get('sub'),
        session=session,
        t2w=t2w.path,
        t1w=chosen['t1w'].path if chosen['t1w'] else None,
        flair=chosen['flair'].path if chosen['flair'] else None,
        entities=t2w.entities,
        notes=tuple(notes),
    )


def _by_participant(images: Iterable[BIDSImage]) -> dict[str, list[BIDSImage]]:
    groups = {}
    for image in images:
        groups.setdefault(image.get('sub'), []).append(image)
    return groups


def _one_of_each(t2ws: Sequence[BIDSImage]) -> list[tuple[BIDSImage, list[str]]]:
    """Sort, and of an image that is there both plain and compressed take the compressed."""
    groups = {}
    for image in t2ws:
        groups.setdefault(image.entities, []).append(image)
    chosen = []
    for images in groups.values():
        best, *others = sorted(images, key=lambda image: (image.path.suffix != '.gz', image.path))
        chosen.append((best, [f'{other.path.name} left out' for other in others]))
    return sorted(
        chosen,
        key=lambda item: (natural_key(item[0].get('ses')), natural_key(item[0].path.name)),
    )


def _broken_files(scan: Scan) -> list[str]:
    return [
        f'{path} is {_describe_missing(path)}, expected an image file'
        for path in (scan.t2w, scan.t1w, scan.flair)
        if path and not path.is_file()
    ]


def _describe_missing(path: Path) -> str:
    if path.exists():
        return 'a folder' if path.is_dir() else 'a pipe or device'
    return 'a broken link' if path.is_symlink() else 'missing'
