"""List the folders of a participant."""

import os
from dataclasses import dataclass

from pvs_workflow.inputs.dataset import explain_access, is_label, leads_to_folder, natural_key

_SYSTEM_FOLDERS = ('@eaDir', '__MACOSX')
"""Folders of copies and thumbnails, which file servers and archives add."""


@dataclass(frozen=True)
class Listing:
    """The content of a participant's folders.

    Attributes
    ----------
    sessions : tuple of str
        Labels in natural order.
    odd_sessions : tuple of str
        Text after ``ses-`` in folder names that are not valid labels; these folders are skipped.
    files, folders : tuple of str
        The content of ``anat`` in all sessions: sorted paths relative to the dataset. Broken
        links count as files.
    unreadable : tuple of (str or None, str)
        Session of each folder that cannot be listed, and a sentence.

    """

    sessions: tuple[str, ...]
    odd_sessions: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]
    unreadable: tuple[tuple[str | None, str], ...] = ()


def list_participant(bids_dir: os.PathLike, participant: str) -> Listing:
    """List a participant's anatomical folders without pybids, which takes longer to load."""
    root, subject = os.fspath(bids_dir), f'sub-{participant}'
    unreadable: list[tuple[str | None, str]] = []

    def entries(folder: str, session: str | None) -> list[tuple[str, bool]]:
        try:
            return list_folder(f'{root}/{folder}')
        except OSError as error:
            unreadable.append((session, f'{root}/{folder} {explain_access(error)}'))
            return []

    names = [name for name, is_folder in entries(subject, None) if is_folder]
    labels = sorted((name[4:] for name in names if name.startswith('ses-')), key=natural_key)
    sessions = [label for label in labels if is_label(label)]
    odd = [label for label in labels if not is_label(label)]
    files, folders = [], []
    # Without the names of the sessions, the rest is unknown.
    for session in () if unreadable else (None, *sessions):
        parent = session_folder(participant, session)
        for name, is_folder in entries(f'{parent}/anat', session):
            (folders if is_folder else files).append(f'{parent}/anat/{name}')
    return Listing(
        tuple(sessions),
        tuple(odd),
        tuple(sorted(files)),
        tuple(sorted(folders)),
        tuple(unreadable),
    )


def list_elsewhere(
    bids_dir: os.PathLike, participant: str, session: str | None
) -> tuple[list[str], list[str]]:
    """Return the files and the folders of a session outside of ``anat``, relative to the dataset.

    Folders that cannot be read are skipped.
    """
    root, parent = os.fspath(bids_dir), session_folder(participant, session)
    found = [
        (f'{parent}/{name}', is_folder)
        for name, is_folder in _list_readable(f'{root}/{parent}')
        if name != 'anat' and not name.startswith('ses-')
    ]
    for path in [path for path, is_folder in found if is_folder]:
        found += [
            (f'{path}/{name}', is_folder) for name, is_folder in _list_readable(f'{root}/{path}')
        ]
    return (
        sorted(path for path, is_folder in found if not is_folder),
        sorted(path for path, is_folder in found if is_folder),
    )


def t2w_names(folder: os.PathLike) -> set[str]:
    """Return the names of files in ``anat`` of a participant's or session's folder with T2w."""
    parents = [name for name, is_folder in _list_readable(os.fspath(folder)) if is_folder]
    places = ['anat', *(f'{name}/anat' for name in parents if name.startswith('ses-'))]
    names = {name for place in places for name, _ in _list_readable(f'{folder}/{place}')}
    return {name for name in names if 't2w' in name.lower()}


def session_folder(participant: str, session: str | None) -> str:
    """Return the folder of a session relative to the dataset.

    Examples
    --------
    >>> session_folder('01', None), session_folder('01', '2')
    ('sub-01', 'sub-01/ses-2')

    """
    return f'sub-{participant}' if session is None else f'sub-{participant}/ses-{session}'


def list_folder(folder: str) -> list[tuple[str, bool]]:
    """Return the names in a folder, and whether each is a folder or a link to one.

    Hidden names and folders of the system are left out. A missing folder is empty.

    Raises
    ------
    OSError
        If the folder cannot be read.

    """
    try:
        with os.scandir(folder) as entries:
            return [
                (entry.name, leads_to_folder(entry))
                for entry in entries
                if entry.name[0] != '.' and entry.name not in _SYSTEM_FOLDERS
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _list_readable(folder: str) -> list[tuple[str, bool]]:
    try:
        return list_folder(folder)
    except OSError:
        return []
