"""Collect the T2w images of one participant, and explain what is left out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pvs_workflow.inputs.contrasts import make_scan
from pvs_workflow.inputs.dataset import explain_bad_label, is_label, natural_key
from pvs_workflow.inputs.listing import Listing, list_elsewhere, session_folder, t2w_names
from pvs_workflow.inputs.metadata import Sidecars
from pvs_workflow.inputs.near_misses import NearMiss, find_misnamed, find_near_misses
from pvs_workflow.inputs.query import BIDSImage
from pvs_workflow.inputs.scan import Scan
from pvs_workflow.inputs.screening import find_fault, screen_t2ws


@dataclass(frozen=True)
class ParticipantFiles:
    """The files of a participant.

    Attributes
    ----------
    label : str
    listing : Listing
    images : mapping of str to list of BIDSImage
        By contrast: those that match the filters.
    every_t2w : list of BIDSImage
        Including those that do not match the filters.

    """

    label: str
    listing: Listing
    images: Mapping[str, Sequence[BIDSImage]]
    every_t2w: Sequence[BIDSImage]

    def near_misses(self, session: str | None) -> list[NearMiss]:
        """Return the near misses in ``anat`` of a session."""
        parent = session_folder(self.label, session)
        inside = [
            [path for path in paths if path.startswith(f'{parent}/anat/')]
            for paths in (self.listing.files, self.listing.folders)
        ]
        return find_near_misses(*inside, parent)


@dataclass
class Collected:
    """Scans of a participant, and sentences on the files that are left out.

    Attributes
    ----------
    scans : list of Scan
    missing : list of str
        About T2w that should have been processed but cannot be.
    warnings : list of str
        About other files that were left out.
    is_unmatched : bool
        Whether the participant has T2w, but none that matches the session labels or filters.

    """

    scans: list[Scan] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_unmatched: bool = False


def collect_participant(
    files: ParticipantFiles, session_labels: Collection[str], sidecars: Sidecars
) -> Collected:
    """Find the T2w of a participant, and explain what is left out.

    A file that only looks like a T2w counts as missing if its session has no T2w; next to a T2w,
    it is a leftover and gets a warning.

    Parameters
    ----------
    files : ParticipantFiles
    session_labels : collection of str
        The sessions to process; all if empty.
    sidecars : Sidecars
        Those of the dataset.

    """
    found, listing = Collected(), files.listing
    sessions = [
        session
        for session in (None, *listing.sessions)
        if not session_labels or session in session_labels
    ]
    found.missing += [text for session, text in listing.unreadable if session in (None, *sessions)]
    names = {image.path.name for image in files.every_t2w}
    for label in listing.odd_sessions:
        folder = sidecars.bids_dir / session_folder(files.label, label)
        is_copy = t2w_names(folder) <= names
        (found.warnings if is_copy else found.missing).append(explain_bad_label('ses', label))
    for session in sessions:
        _collect_session(found, files, session, sidecars)
    found.warnings += [
        f'{file} was left out; its name does not fit its folder'
        for file in find_misnamed(listing.files)
    ]
    if not found.scans and not found.missing:
        found.is_unmatched = bool(files.every_t2w)
        if not found.is_unmatched:
            found.missing.append(_explain_absence(files, sessions, sidecars.bids_dir))
    return found


def split_copies(
    bids_dir: Path, missing: Iterable[tuple[str, str]], names: Collection[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the missing participants, and sentences on folders of copies.

    A folder such as ``sub-01.bak`` is a copy if the names of its T2w are also in ``names``, those
    of the T2w of the dataset.
    """
    really, copies = [], []
    for label, text in missing:
        folder = bids_dir / f'sub-{label}'
        is_copy = not is_label(label) and folder.is_dir() and t2w_names(folder) <= set(names)
        if is_copy:
            copies.append(text)
        else:
            really.append((label, text))
    return really, copies


def _collect_session(
    found: Collected, files: ParticipantFiles, session: str | None, sidecars: Sidecars
) -> None:
    images = [image for image in files.images['t2w'] if image.get('ses') == session]
    chosen = _prefer_compressed(images)
    screened = screen_t2ws([image for image, _ in chosen], sidecars)
    notes = dict(chosen)
    labels = [None, *files.listing.sessions]
    for image in screened.usable:
        problems = [
            f'{path.name} is {fault}'
            for path in sidecars.find_empty(image.path)
            if (fault := find_fault(path))
        ]
        found.scans.append(make_scan(image, files.images, labels, notes[image], problems))
    found.missing += screened.lost
    found.warnings += screened.left_out
    near = [one for one in files.near_misses(session) if one.strength > 1]
    if screened.usable:
        found.warnings += [f'{one.file} was left out; it {one.fault}' for one in near]
    elif near and not any(image.get('ses') == session for image in files.every_t2w):
        found.missing.append(_explain_near_misses(near))


def _explain_absence(
    files: ParticipantFiles, sessions: Sequence[str | None], bids_dir: Path
) -> str:
    """Return a sentence about a participant without a T2w."""
    for session in sessions:
        near = files.near_misses(session)
        if not near:
            elsewhere = list_elsewhere(bids_dir, files.label, session)
            near = find_near_misses(*elsewhere, session_folder(files.label, session))
        if near:
            return _explain_near_misses(near)
    return 'no T2w image'


def _explain_near_misses(near: Sequence[NearMiss]) -> str:
    """Return a sentence that names the most likely one."""
    return f'no T2w image; {near[0].sentence}'


def _prefer_compressed(t2ws: Sequence[BIDSImage]) -> list[tuple[BIDSImage, list[str]]]:
    """Sort the images; if one exists plain and compressed, keep the compressed file."""
    groups = {}
    for image in t2ws:
        groups.setdefault(image.entities, []).append(image)
    chosen = []
    for images in groups.values():
        best, *others = sorted(images, key=lambda image: (image.path.suffix != '.gz', image.path))
        chosen.append((best, [f'{other.path.name} left out' for other in others]))
    return sorted(chosen, key=lambda item: natural_key(item[0].path.name))
