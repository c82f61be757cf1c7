"""Find the T2w, T1w and FLAIR images of participants, by file name or with pybids filters."""

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
"""Default pybids query of each contrast; a filter file adds to it or overrides it."""

# The order of entities in file names (BIDS 1.10, appendix "Entities").
_ENTITY_ORDER = (
    'sub ses sample task tracksys acq nuc voi ce trc stain rec dir run mod echo flip inv mt part '
    'proc hemi space split recording chunk'
)
_DERIVED = {'space', 'desc', 'res', 'den', 'label', 'seg'}
_NOT_MAGNITUDE = {'phase', 'real', 'imag'}

MAX_FILTER_BYTES = 2**20
"""Maximum size of a filter file, bytes."""

_RESERVED = {
    'absolute_paths',
    'invalid_filters',
    'regex_search',
    'return_type',
    'scope',
    'target',
}
"""Arguments of a pybids query that are not entities."""


@dataclass(frozen=True)
class BIDSImage:
    """An image file and its entities, in BIDS order with the values in its name."""

    path: Path
    entities: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str | None:
        """Return the value of an entity, or ``None`` if the name lacks it."""
        return dict(self.entities).get(key)


def load_filters(path: Path) -> dict[str, dict]:
    """Read a BIDS filter file, a JSON object of pybids entities for t2w, t1w and flair.

    ``null`` matches files without the entity, ``"*"`` files with any value of it.

    Raises
    ------
    PVSError
        If the file cannot be read, or has unknown keys or values.

    """
    try:
        filters = read_json(path, MAX_FILTER_BYTES)
    except OSError as error:
        raise PVSError(f'{path} cannot be read as a BIDS filter file: {error.strerror}') from error
    except ValueError as error:
        raise PVSError(f'{path} cannot be read as JSON: {error}') from error
    kinds = ', '.join(QUERIES)
    if not isinstance(filters, dict) or not all(isinstance(v, dict) for v in filters.values()):
        raise PVSError(
            f'{path} is not a BIDS filter file; give a JSON object with an object for each of '
            f'{kinds}'
        )
    if unknown := sorted(set(filters) - set(QUERIES)):
        raise PVSError(f'{path} has unknown keys: {", ".join(unknown)}; use {kinds}')
    for kind, entities in filters.items():
        if reserved := sorted(_RESERVED & set(entities)):
            raise PVSError(
                f'{path} has the pybids option {", ".join(reserved)} in the filter for {kind}; '
                'use entities only'
            )
        for name, value in entities.items():
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str | int | float | None) for one in values):
                raise PVSError(
                    f'{path} has an unusable {name} in the filter for {kind}, {value!r:.80}; '
                    'give a text, number, null or list of these'
                )
    return filters


def find_images(
    bids_dir: Path,
    listed: Iterable[str],
    kind: str,
    filters: Mapping | None = None,
    index: LayoutIndex | None = None,
) -> list[BIDSImage]:
    """Return the images of one contrast, except derived and phase images.

    Parameters
    ----------
    bids_dir : Path
    listed : iterable of str
        Files to choose from without an index, as paths relative to the dataset.
    kind : str
        A key of `QUERIES`.
    filters : mapping, optional
        pybids entities and their values; these need an index.
    index : LayoutIndex, optional

    Returns
    -------
    list of BIDSImage

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
            f'the filter for {kind} cannot be used: {str(error).splitlines()[0]} '
            f'({dict(filters or {})!r})'
        ) from error
    if index is None:
        endings = tuple(f'_{query["suffix"]}{extension}' for extension in query['extension'])
        listed = [file for file in listed if file.endswith(endings)]
    images = [_describe(bids_dir / file) for file in listed if is_in_place(file)]
    return [
        image
        for image in images
        if not _DERIVED & {key for key, _ in image.entities}
        and image.get('part') not in _NOT_MAGNITUDE
    ]


def _describe(path: Path) -> BIDSImage:
    """Take the entities from the name, because pybids drops leading zeros of numbers."""
    values = name_entities(path.name.split('.')[0])
    order = {key: position for position, key in enumerate(_ENTITY_ORDER.split())}
    entities = sorted(values.items(), key=lambda item: order.get(item[0], len(order)))
    return BIDSImage(path, tuple(entities))
