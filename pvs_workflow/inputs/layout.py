"""Index a dataset with pybids, save the index, and query it."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.files import atomic_path

FILE = 'layout_index.sqlite'
"""Name of the index file that pybids writes and reads."""


class LayoutIndex:
    """The files of a dataset as pybids indexes them.

    Parameters
    ----------
    bids_dir : Path
        Absolute path.
    participants : sequence of str
        Labels of the participants to index; ignored with ``database_dir``.
    database_dir : Path, optional
        Folder of an index of the whole dataset; the index is created if it is missing.

    Raises
    ------
    PVSError
        If the saved index is damaged or belongs to another dataset.
    OutputError
        If the index cannot be saved.

    """

    def __init__(
        self, bids_dir: Path, participants: Sequence[str], database_dir: Path | None = None
    ):
        self._root = f'{bids_dir}/'
        if database_dir is None:
            labels = f'sub-(?:{"|".join(map(re.escape, participants))})(?:/|$)'
            self._layout = _index(bids_dir, labels)
        else:
            self._layout = _open_saved(bids_dir, database_dir)

    def find(self, query: Mapping) -> list[str]:
        """Return the files that match a query, as paths relative to the dataset.

        Parameters
        ----------
        query : mapping
            pybids entities and their values: ``None`` matches files without the entity, ``'*'``
            files with any value of it.

        Returns
        -------
        list of str

        Raises
        ------
        PVSError
            If the index is damaged.
        OverflowError, TypeError, ValueError
            If pybids does not understand the query.

        """
        from bids.layout import Query
        from sqlalchemy.exc import SQLAlchemyError

        special = {None: Query.NONE, '*': Query.ANY}
        entities = {
            name: [
                special.get(one, one) for one in (value if isinstance(value, list) else [value])
            ]
            for name, value in query.items()
        }
        try:
            paths = self._layout.get(return_type='filename', **entities)
        except SQLAlchemyError as error:
            raise _index_error(self._root, error) from error
        return [path.removeprefix(self._root) for path in paths]


def _index(bids_dir: Path, labels: str):
    """Index the anatomical folders of the participants that match a pattern."""
    from bids.layout import BIDSLayout, BIDSLayoutIndexer

    ignore = [
        re.compile(rf'^/(?!{labels})'),
        re.compile(r'^/sub-[^/]+/(?!(?:ses-[^/]+|anat)(?:/|$))'),
        re.compile(r'^/sub-[^/]+/ses-[^/]+/(?!anat(?:/|$))'),
        re.compile(r'/anat/[^/]+/'),
        # pybids cannot store names that are not UTF-8 or contain control characters.
        re.compile(r'[\x00-\x1f\x7f\ud800-\udfff]'),
    ]
    indexer = BIDSLayoutIndexer(validate=False, index_metadata=False, ignore=ignore)
    try:
        return BIDSLayout(bids_dir, validate=False, indexer=indexer)
    except (OSError, RecursionError) as error:
        # pybids reads dataset_description.json, which may be anything.
        raise PVSError(f'pybids cannot index {bids_dir}: {error}; omit filters') from error


def _open_saved(bids_dir: Path, database_dir: Path):
    """Open the index saved in a folder; create it first if it is missing."""
    if not (database_dir / FILE).exists():
        _save_index(_index(bids_dir, 'sub-'), database_dir)
    from bids.layout import BIDSLayout

    try:
        _check_index(bids_dir, database_dir)
        return BIDSLayout(bids_dir, validate=False, database_path=database_dir)
    except PVSError:
        raise
    except Exception as error:
        # pybids passes on all exceptions of its database engine.
        raise _index_error(database_dir, error) from error


def _check_index(bids_dir: Path, database_dir: Path) -> None:
    """Reject an index of another dataset or with views, whose queries may never end."""
    path = (database_dir / FILE).absolute()
    if not path.is_file():  # reading a pipe may block
        raise ValueError(f'{FILE} is not a regular file')
    with closing(sqlite3.connect(f'{path.as_uri()}?mode=ro', uri=True)) as connection:
        kinds = connection.execute('SELECT DISTINCT type FROM sqlite_master').fetchall()
        if odd := {kind for (kind,) in kinds} - {'table', 'index'}:
            raise ValueError(f'{FILE} has a {min(map(str, odd))}')
        (root,) = connection.execute('SELECT root FROM layout_info').fetchone()
    if Path(root) != bids_dir:
        raise PVSError(
            f'{database_dir} is the index of another dataset, {root}; choose another folder'
        )


def _index_error(folder: Path | str, error: Exception) -> PVSError:
    return PVSError(f'{folder} has no usable pybids index: {_first_line(error)}; delete the index')


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _save_index(layout, database_dir: Path) -> None:
    """Save the index in one step; a partial index would hide participants from later runs."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with atomic_path(database_dir / FILE) as path:
            layout.save(path.parent, replace_connection=False)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise OutputError(
            f'cannot write a pybids index to {database_dir}: {_first_line(error)}; choose a '
            'folder on another file system'
        ) from error
