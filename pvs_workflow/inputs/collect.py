"""Collect the T2w images of a dataset, each with its T1w and FLAIR."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pvs_workflow.errors import NoInputError, NoMatchError, one_line
from pvs_workflow.inputs.dataset import (
    check_dataset,
    clean_labels,
    explain_bad_label,
    find_participants,
    list_participant,
    natural_key,
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
    """Find the T2w images to process, and choose a T1w and a FLAIR for each.

    Every T2w is a scan. Among several T1w or FLAIR, the image of the same session is chosen, else
    that of the nearest session in the order of the sorted labels (the earlier one of two equally
    near). Remaining ties go to the lowest run, then to the first name. Session labels restrict
    the T2w only, so the result of a session does not depend on which other sessions are
    requested.

    Parameters
    ----------
    bids_dir : Path
    participants, sessions : iterable of str
        Labels, with or without their prefix; all if empty.
    filters : mapping, optional
        Entities by contrast, see :func:`load_filters`.
    database_dir : Path, optional
        Folder of a pybids index of the whole dataset; the index is created if it is missing.

    Returns
    -------
    Selection

    Raises
    ------
    InvalidDatasetError
        If the folder is missing, or its description is not that of a raw BIDS dataset.
    NoMatchError
        If labels or filters match nothing.
    NoInputError
        If the requested participants have no usable T2w.

    """
    bids_dir = Path(bids_dir).absolute()
    check_dataset(bids_dir)
    requested = clean_labels(participants, 'sub-')
    session_labels = clean_labels(sessions, 'ses-')
    present, missing = find_participants(bids_dir, requested)
    filters = filters or {}
    listings = {label: list_participant(bids_dir, label) for label in present}
    files = [file for listing in listings.values() for file in listing.files]
    # pybids is slow to load and to index, so it is used only for filters or a saved index.
    needs_index = database_dir is not None or any(filters.values())
    index = LayoutIndex(bids_dir, present, database_dir) if needs_index else None
    images = {
        kind: _group_by_participant(find_images(bids_dir, files, kind, filters.get(kind), index))
        for kind in ('t2w', *_CONTRASTS)
    }
    every_t2w = images['t2w']
    if filters.get('t2w'):
        every_t2w = _group_by_participant(find_images(bids_dir, files, 't2w', None, index))

    scans, skipped, unmatched = [], [], False
    for participant in present:
        contrasts = {kind: groups.get(participant, []) for kind, groups in images.items()}
        t2ws = [
            image
            for image in contrasts['t2w']
            if not session_labels or image.get('ses') in session_labels
        ]
        listing = listings[participant]
        labels = [None, *listing.sessions]
        problems = [explain_bad_label('ses', label) for label in listing.odd_sessions]
        problems += find_misplaced(listing.files, listing.folders)
        for t2w, notes in _prefer_compressed(t2ws):
            scan = _make_scan(t2w, contrasts, labels, notes)
            unreadable = _find_unreadable(scan)
            problems += unreadable
            scans += [] if unreadable else [scan]
        missing += [(participant, one_line(f'sub-{participant}: {text}')) for text in problems]
        if not t2ws and participant in every_t2w:
            unmatched = True
            reason = f'sub-{participant}: no T2w image matches the session labels or filters'
            (missing if requested else skipped).append((participant, reason))
        elif not t2ws and not problems:
            missing.append((participant, f'sub-{participant}: no T2w image'))
    if scans:
        return Selection(tuple(scans), tuple(missing), tuple(skipped))
    if unmatched:
        criteria = [f'session {" or ".join(session_labels)}'] if session_labels else []
        criteria += [f'filters {json.dumps(dict(filters))}'] if filters else []
        raise NoMatchError(
            f'no T2w image in {bids_dir} matches {" and ".join(criteria)}; '
            'check labels and filters'
        )
    raise NoInputError(
        f'{bids_dir} has no T2w image to process: {"; ".join(reason for _, reason in missing[:3])}'
    )


def _choose_image(
    candidates: Sequence[BIDSImage], session: str | None, labels: Sequence[str | None]
) -> BIDSImage | None:
    """Return the image nearest to a session; ``labels`` are all sessions, ``None`` first."""
    positions = {label: position for position, label in enumerate(labels)}

    def rank(image: BIDSImage) -> tuple:
        position = positions.get(image.get('ses'), 0)
        distance = abs(position - positions.get(session, 0))
        return distance, position, natural_key(image.get('run')), natural_key(image.path.name)

    return min(candidates, key=rank, default=None)


def _make_scan(
    t2w: BIDSImage,
    contrasts: Mapping[str, Sequence[BIDSImage]],
    labels: Sequence[str | None],
    notes: list[str],
) -> Scan:
    session = t2w.get('ses')
    chosen = {}
    for kind, name in _CONTRASTS.items():
        image = chosen[kind] = _choose_image(contrasts[kind], session, labels)
        if image is None:
            notes.append(f'no {name}')
            continue
        number = len(contrasts[kind])
        others = '' if number == 1 else f', one of {number}'
        other_session = '' if image.get('ses') == session else f', of session {image.get("ses")}'
        notes.append(f'{name} {image.path.name}{other_session}{others}')
    return Scan(
        participant=t2w.get('sub'),
        session=session,
        t2w=t2w.path,
        t1w=chosen['t1w'].path if chosen['t1w'] else None,
        flair=chosen['flair'].path if chosen['flair'] else None,
        entities=t2w.entities,
        notes=tuple(notes),
    )


def _group_by_participant(images: Iterable[BIDSImage]) -> dict[str, list[BIDSImage]]:
    groups = {}
    for image in images:
        groups.setdefault(image.get('sub'), []).append(image)
    return groups


def _prefer_compressed(t2ws: Sequence[BIDSImage]) -> list[tuple[BIDSImage, list[str]]]:
    """Sort the images; if one exists plain and compressed, keep the compressed file."""
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


def _find_unreadable(scan: Scan) -> list[str]:
    return [
        f'{path} is {_describe_missing(path)}'
        for path in (scan.t2w, scan.t1w, scan.flair)
        if path and not path.is_file()
    ]


def _describe_missing(path: Path) -> str:
    if path.exists():
        return f'{"a folder" if path.is_dir() else "a pipe or device"}, not an image file'
    return 'a broken link' if path.is_symlink() else 'missing'
