"""Collect the T2w images of a dataset, each with its T1w and FLAIR."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pvs_workflow.errors import NoInputError, NoMatchError, one_line
from pvs_workflow.inputs.contrasts import CONTRASTS
from pvs_workflow.inputs.dataset import (
    check_dataset,
    clean_labels,
    find_participants,
)
from pvs_workflow.inputs.layout import LayoutIndex
from pvs_workflow.inputs.listing import list_participant
from pvs_workflow.inputs.metadata import Sidecars
from pvs_workflow.inputs.participant import ParticipantFiles, collect_participant, split_copies
from pvs_workflow.inputs.query import BIDSImage, find_images
from pvs_workflow.inputs.scan import Selection


def collect_scans(
    bids_dir: Path,
    *,
    participants: Iterable[str] = (),
    sessions: Iterable[str] = (),
    filters: Mapping[str, Mapping] | None = None,
    database_dir: Path | None = None,
) -> Selection:
    """Find the T2w images to process, and choose a T1w and a FLAIR for each.

    Every T2w is a scan, unless its echo time or grid says that it is none of the basal ganglia.
    Among several T1w or FLAIR, the image of the same session is chosen, else that of the nearest
    session in the order of the sorted labels (the earlier one of two equally near). Remaining
    ties go to the lowest run, then to the first name; files that cannot be read are passed over,
    and the scan's ``problems`` say so. Session labels restrict
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
    # A folder with the name of an image is reported with the images.
    files = [file for listing in listings.values() for file in (*listing.files, *listing.folders)]
    # pybids is slow to load and to index, so it is used only for filters or a saved index.
    needs_index = database_dir is not None or any(filters.values())
    index = LayoutIndex(bids_dir, present, database_dir) if needs_index else None
    images = {
        kind: _group_by_participant(find_images(bids_dir, files, kind, filters.get(kind), index))
        for kind in ('t2w', *CONTRASTS)
    }
    every_t2w = images['t2w']
    if filters.get('t2w'):
        every_t2w = _group_by_participant(find_images(bids_dir, files, 't2w', None, index))

    names = {image.path.name for images in every_t2w.values() for image in images}
    missing, warnings = split_copies(bids_dir, missing, names)
    scans, skipped, unmatched = [], [], False
    sidecars = Sidecars(bids_dir)
    for participant in present:
        found = collect_participant(
            ParticipantFiles(
                participant,
                listings[participant],
                {kind: groups.get(participant, []) for kind, groups in images.items()},
                every_t2w.get(participant, []),
            ),
            session_labels,
            sidecars,
        )
        scans += found.scans
        missing += [(participant, f'sub-{participant}: {text}') for text in found.missing]
        warnings += [f'sub-{participant}: {text}' for text in found.warnings]
        if found.is_unmatched:
            unmatched = True
            reason = f'sub-{participant}: no T2w image matches the session labels or filters'
            (missing if requested else skipped).append((participant, reason))
    missing = [(label, one_line(text)) for label, text in missing]
    if scans:
        lines = tuple(map(one_line, warnings))
        return Selection(tuple(scans), tuple(missing), tuple(skipped), lines)
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


def _group_by_participant(images: Iterable[BIDSImage]) -> dict[str, list[BIDSImage]]:
    groups = {}
    for image in images:
        groups.setdefault(image.get('sub'), []).append(image)
    return groups
