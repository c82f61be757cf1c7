"""The anatomical folders of a participant, listed without pybids, which takes longer to load."""

import os
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.inputs.dataset import is_label, natural_key


@dataclass(frozen=True)
class Listing:
    """The content of a participant's folders.

    Attributes
    ----------
    sessions : tuple of str
        Labels in natural order.
    odd_sessions : tuple of str
        What follows ``ses-`` in the names of folders where it is no label; these are not read.
    files, folders : tuple of str
        The content of ``anat``, of all sessions: paths from the dataset's root on, sorted. Broken
        links are files.

    """

    sessions: tuple[str, ...]
    odd_sessions: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]


def list_participant(bids_dir: Path, participant: str) -> Listing:
    """List the anatomical folders of a participant; what cannot be read is passed over.

    Parameters
    ----------
    bids_dir : Path
    participant : str
        Label without prefix.

    """
    root, subject = os.fspath(bids_dir), f'sub-{participant}'
    there = [name for name, is_folder in _entries(f'{root}/{subject}') if is_folder]
    found = sorted((name[4:] for name in there if name.startswith('ses-')), key=natural_key)
    sessions = [label for label in found if is_label(label)]
    odd = [label for label in found if not is_label(label)]
    files, folders = [], []
    for place in (subject, *(f'{subject}/ses-{session}' for session in sessions)):
        for name, is_folder in _entries(f'{root}/{place}/anat'):
            (folders if is_folder else files).append(f'{place}/anat/{name}')
    return Listing(tuple(sessions), tuple(odd), tuple(sorted(files)), tuple(sorted(folders)))


def _entries(folder: str) -> list[tuple[str, bool]]:
    """Return names, hidden ones left out, and whether each is a folder or a link to one."""
    try:
        with os.scandir(folder) as entries:
            return [(one.name, _is_folder(one)) for one in entries if one.name[0] != '.']
    except OSError:
        return []


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself, say
        return False
