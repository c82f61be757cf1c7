"""The anatomical folders of some participants, listed, and queries by pybids' entities.

pybids indexes a thousand participants in seconds, and is loaded in half a second. A query by
entities and values needs neither: files are listed here, and the patterns of pybids' own
configuration give their entities.
"""

import importlib.util
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pvs_workflow.inputs.dataset import is_label, natural_key

ANY = '*'
"""In a filter: the entity is there, whatever its value."""


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


@dataclass(frozen=True)
class Entity:
    """One of pybids' entities.

    Attributes
    ----------
    pattern : re.Pattern
        Its first group is the value, in a path that starts with a slash at the dataset's root.
    is_number : bool
        Values are compared as whole numbers: 1 and 01 are the same run.

    """

    pattern: re.Pattern
    is_number: bool

    def read(self, value) -> str | int | None:
        """Return a value as it is compared; raise ValueError for a number that is none."""
        if value is None:
            return None
        return int(value) if self.is_number else str(value)

    def matches(self, file: str, wanted: set | str) -> bool:
        """Tell whether a file has one of the wanted values, or with ``ANY`` whether it has one."""
        found = self.pattern.search(f'/{file}')
        value = found and self.read(found[1])
        return value is not None if wanted == ANY else value in wanted


class FolderIndex:
    """Files of some participants, found by their entities.

    Parameters
    ----------
    files : iterable of str
        Paths from the dataset's root on.

    """

    def __init__(self, files: Iterable[str]):
        self._files = tuple(files)

    def find(self, query: Mapping) -> list[str]:
        """Return the files that match a query which :func:`is_simple` accepts.

        They are those that pybids' ``layout.get`` would find, as paths from the dataset's root on.
        """
        tests = []
        for name, value in query.items():
            entity = entities()[name]
            tests.append(
                (entity, ANY if value == ANY else {*map(entity.read, _list(name, value))})
            )
        return [
            file
            for file in self._files
            # No value at all asks for nothing.
            if all(not wanted or entity.matches(file, wanted) for entity, wanted in tests)
        ]


@cache
def entities() -> dict[str, Entity]:
    """Return pybids' entities by name, from its configuration (it is not imported: 0.4 s)."""
    (folder,) = importlib.util.find_spec('bids').submodule_search_locations
    config = json.loads(Path(folder, 'layout', 'config', 'bids.json').read_text(encoding='utf-8'))
    return {
        entity['name']: Entity(re.compile(entity['pattern']), entity.get('dtype') == 'int')
        for entity in config['entities']
    }


def is_simple(query: Mapping) -> bool:
    """Tell whether a query has known entities only, with texts, whole numbers or ``None``.

    pybids' other ways to ask (``regex_search``, say) are left to pybids.

    Examples
    --------
    >>> is_simple({'acquisition': ['tse', None], 'run': 1, 'reconstruction': '*'})
    True
    >>> is_simple({'regex_search': True, 'acquisition': 't.*'})
    False
    """
    for name, value in query.items():
        values = _list(name, value)
        if name not in entities() or not all(
            isinstance(one, str | int | None) and not isinstance(one, bool) for one in values
        ):
            return False
        try:
            value == ANY or [entities()[name].read(one) for one in values]
        except ValueError:
            return False
    return True


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


def _list(name: str, value) -> Sequence:
    """Return the values asked for as a list, extensions with their dot."""
    values = list(value) if isinstance(value, list | tuple) else [value]
    if name == 'extension' and value != ANY:
        return [f'.{one.lstrip(".")}' if isinstance(one, str) else one for one in values]
    return values
