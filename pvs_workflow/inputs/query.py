"""The T2w, T1w and FLAIR files of some participants, chosen by name or by pybids' entities."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_json
from pvs_workflow.inputs.layout import LayoutIndex
from pvs_workflow.inputs.names import SUFFIXES, is_in_place, name_entities

QUERIES = {
    suffix.lower(): {'datatype': 'anat', 'suffix': suffix, 'extension': ['.nii', '.nii.gz']}
    for suffix in SUFFIXES
}
"""What is looked for; a filter file adds to these or overrides them."""

# Order of entities in file names: BIDS 1.10, appendix "Entities".
_ENTITY_ORDER = (
    'sub ses sample task tracksys acq nuc voi ce trc stain rec dir run mod echo flip inv mt part '
    'proc hemi space split recording chunk'
)
_DERIVED = {'space', 'desc', 'res', 'den', 'label', 'seg'}
_NOT_MAGNITUDE = {'phase', 'real', 'imag'}

MAX_FILTER_BYTES = 2**20
"""Maximum size of a filter file, bytes."""

_NO_ENTITIES = {
    'absolute_paths',
    'invalid_filters',
    'regex_search',
    'return_type',
    'scope',
    'target',
}
"""Arguments of pybids' query that are none of its entities."""


@dataclass(frozen=True)
class BIDSImage:
    """An image file, and its entities in BIDS order with values as in its name."""

    path: Path
    entities: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str | None:
        """Return an entity's value, ``None`` without it."""
        return dict(self.entities).get(key)


def load_filters(path: Path) -> dict[str, dict]:
    """Read a filter file: a JSON object of pybids entities for t2w, t1w, flair.

    ``null`` asks for files without an entity, ``"*"`` for files that have it with any value.

    Raises
    ------
    PVSError
        If the file cannot be read, or has other keys or values.

    """
    try:
        filters = read_json(path, MAX_FILTER_BYTES)
    except OSError as error:
        raise PVSError(
            f'{path} cannot be read, expected a BIDS filter file, received: {error.strerror}'
        ) from error
    except ValueError as error:
        raise PVSError(
            f'{path} is malformed, expected a BIDS filter file in JSON, received: {error}'
        ) from error
    expected = f'expected a JSON object with keys of {", ".join(QUERIES)}, each an object'
    if not isinstance(filters, dict) or not all(isinstance(v, dict) for v in filters.values()):
        raise PVSError(f'{path} is no BIDS filter file, {expected}, received {filters!r:.80}')
    if unknown := sorted(set(filters) - set(QUERIES)):
        raise PVSError(f'{path} has unknown keys, {expected}, received {", ".join(unknown)}')
    for kind, entities in filters.items():
        if reserved := sorted(_NO_ENTITIES & set(entities)):
            raise PVSError(
                f'{path} cannot be used, expected entities of pybids in the filter for {kind}, '
                f'received its option {", ".join(reserved)}'
            )
        for name, value in entities.items():
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str | int | float | None) for one in values):
                raise PVSError(
                    f'{path} cannot be used, expected a text, number, null or list of these for '
                    f'{name} in the filter for {kind}, received {value!r:.80}'
                )
    return filters


def find_images(
    bids_dir: Path,
    listed: Iterable[str],
    kind: str,
    filters: Mapping | None = None,
    index: LayoutIndex | None = None,
) -> list[BIDSImage]:
    """Return the images of one kind (a key of `QUERIES`), without derived and phase images.

    Without an index, which filters need, they are chosen from the files ``listed``: paths from
    the dataset's root on.

    Raises
    ------
    PVSError
        If a filter names an unknown entity.

    """
    query = QUERIES[kind]
    try:
        if index is not None:
            listed = index.find(query | dict(filters or {}))
    except (OverflowError, TypeError, ValueError) as error:
        raise PVSError(
            f'the filter for {kind} cannot be used, expected entities of pybids, received '
            f'{dict(filters or {})!r}: {str(error).splitlines()[0]}'
        ) from error
    if index is None:
        ends = tuple(f'_{query["suffix"]}{extension}' for extension in query['extension'])
        listed = [file for file in listed if file.endswith(ends)]
    images = [_describe(bids_dir / file) for file in listed if is_in_place(file)]
    return [
        image
        for image in images
        if not _DERIVED & {key for key, _ in image.entities}
        and image.get('part') not in _NOT_MAGNITUDE
    ]


def _describe(path: Path) -> BIDSImage:
    """Take the values from the name, since pybids' numbers lose what they looked like."""
    named = name_entities(path.name.split('.')[0])
    order = {key: place for place, key in enumerate(_ENTITY_ORDER.split())}
    entities = sorted(named.items(), key=lambda item: order.get(item[0], len(order)))
    return BIDSImage(path, tuple(entities))
