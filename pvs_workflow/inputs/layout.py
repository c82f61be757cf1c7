"""pybids' index of a dataset: made, kept in a folder, and asked."""

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pvs_workflow.errors import OutputError, PVSError

FILE = 'layout_index.sqlite'


class LayoutIndex:
    """Files of a dataset, found by pybids.

    Parameters
    ----------
    bids_dir : Path
        Absolute.
    participants : sequence of str
        Labels of those to index; not used with ``database_dir``.
    database_dir : Path, optional
        The folder of an index of the whole dataset, which is made where it is missing.

    Raises
    ------
    PVSError
        If the kept index is of another dataset, or no index.
    OutputError
        If the index cannot be kept.

    """

    def __init__(
        self, bids_dir: Path, participants: Sequence[str], database_dir: Path | None = None
    ):
        self._root = f'{bids_dir}/'
        if database_dir is None:
            labels = f'sub-(?:{"|".join(map(re.escape, participants))})(?:/|$)'
            self._layout = _index(bids_dir, labels)
        else:
            self._layout = _open_kept(bids_dir, database_dir)

    def find(self, query: Mapping) -> list[str]:
        """Return the files that match a query, as paths from the dataset's root on.

        Parameters
        ----------
        query : mapping
            Entities of pybids and their values; ``None`` for files without an entity, ``'*'`` for
            files that have it with any value.

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
        query = {
            name: special.get(value, value) if isinstance(value, str | None) else value
            for name, value in query.items()
        }
        try:
            found = self._layout.get(return_type='filename', **query)
        except SQLAlchemyError as error:
            raise _unusable(self._root, error) from error
        return [path.removeprefix(self._root) for path in found]


def _index(bids_dir: Path, labels: str):
    """Let pybids index the anatomical folders of the participants that match a pattern."""
    from bids.layout import BIDSLayout, BIDSLayoutIndexer

    ignore = [
        re.compile(rf'^/(?!{labels})'),
        re.compile(r'^/sub-[^/]+/(?!(?:ses-[^/]+|anat)(?:/|$))'),
        re.compile(r'^/sub-[^/]+/ses-[^/]+/(?!anat(?:/|$))'),
        re.compile(r'/anat/[^/]+/'),
        # pybids cannot keep names that are no UTF-8, and nobody could tell them apart.
        re.compile(r'[\x00-\x1f\x7f\ud800-\udfff]'),
    ]
    indexer = BIDSLayoutIndexer(validate=False, index_metadata=False, ignore=ignore)
    return BIDSLayout(bids_dir, validate=False, indexer=indexer)


def _open_kept(bids_dir: Path, database_dir: Path):
    """Open the index that is kept in a folder; make it first where there is none."""
    if not (database_dir / FILE).exists():
        _keep(_index(bids_dir, 'sub-'), database_dir)
    from bids.layout import BIDSLayout

    try:
        _check_index(bids_dir, database_dir)
        return BIDSLayout(bids_dir, validate=False, database_path=database_dir)
    except PVSError:
        raise
    except Exception as error:
        # pybids lets through whatever its database engine raises.
        raise _unusable(database_dir, error) from error


def _check_index(bids_dir: Path, database_dir: Path) -> None:
    """Refuse the index of another dataset, and views: these are programs, and may never end."""
    path = (database_dir / FILE).absolute()
    if not path.is_file():  # a pipe may never answer
        raise ValueError(f'{FILE} that is not a regular file')
    with closing(sqlite3.connect(f'{path.as_uri()}?mode=ro', uri=True)) as connection:
        kinds = connection.execute('SELECT DISTINCT type FROM sqlite_master').fetchall()
        if odd := {kind for (kind,) in kinds} - {'table', 'index'}:
            raise ValueError(f'a database with a {min(map(str, odd))}')
        (root,) = connection.execute('SELECT root FROM layout_info').fetchone()
    if Path(root) != bids_dir:
        raise PVSError(
            f'{database_dir} is the index of another dataset, expected {bids_dir}, received {root}'
        )


def _unusable(place: Path | str, error: Exception) -> PVSError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return PVSError(f'{place} cannot be used, expected a pybids index, received: {reason}')


def _keep(layout, database_dir: Path) -> None:
    """Save the index in one step: half of one would hide participants from later runs."""
    try:
        database_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix='.writing-', dir=database_dir))
        try:
            layout.save(folder, replace_connection=False)
            (folder / FILE).replace(database_dir / FILE)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f'{database_dir} cannot be written, expected a folder that this user may write to, '
            f'received: {error.strerror}'
        ) from error
