"""Find the T2w, T1w and FLAIR images of participants, by file name or with pybids filters."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.files import parse_json, read_text
from pvs_workflow.inputs.layout import LayoutIndex
from pvs_workflow.inputs.names import SUFFIXES, is_in_place, name_entities

log = logging.getLogger('pvs_workflow')

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

_PREFIXES = {
    'subject': 'sub',
    'session': 'ses',
    'acquisition': 'acq',
    'ceagent': 'ce',
    'reconstruction': 'rec',
    'direction': 'dir',
    'modality': 'mod',
    'staining': 'stain',
    'tracer': 'trc',
    'nucleus': 'nuc',
    'volume': 'voi',
}
"""Prefixes in file names of the entities that pybids names otherwise."""
_NAMES = {prefix: name for name, prefix in _PREFIXES.items()}
_NUMBERED = {'run', 'echo', 'flip', 'inv', 'chunk'}
"""Entities whose labels are numbers; others may have leading zeros, which numbers lose."""

_QUERY = re.compile(r'"?<?(bids\.layout\.)?Query\.(?P<name>NONE|ANY|REQUIRED|OPTIONAL)(: \d>)?"?')
_QUERY_VALUES = {'NONE': 'null', 'ANY': '"*"', 'REQUIRED': '"*"', 'OPTIONAL': '[null, "*"]'}
"""JSON for the constants of pybids, which may be in a filter file as text."""

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

    The format is that of fMRIPrep: ``null`` matches files without the entity, ``"*"`` files with
    any value of it. pybids' ``Query.NONE`` and ``Query.ANY`` mean the same. Filters for other
    images, such as bold, are passed over. Labels may have their prefix (``ses-01``).

    Raises
    ------
    PVSError
        If the file cannot be read, or has unusable values.

    """
    try:
        text = read_text(path, MAX_FILTER_BYTES)
        content = parse_json(_QUERY.sub(lambda match: _QUERY_VALUES[match['name']], text))
    except OSError as error:
        raise PVSError(f'{path} cannot be read as a BIDS filter file: {error.strerror}') from error
    except ValueError as error:
        raise PVSError(
            f'{path} cannot be read as JSON: {error}; write labels in quotes, such as "01", and '
            'null for none'
        ) from error
    kinds = ', '.join(QUERIES)
    if not isinstance(content, dict):
        raise PVSError(
            f'{path} is not a BIDS filter file; give a JSON object with an object for each of '
            f'{kinds}'
        )
    filters = {kind.lower(): entities for kind, entities in content.items()}
    if others := ', '.join(sorted(filters.keys() - QUERIES.keys())):
        log.info('%s: filters for %s passed over; %s are read', path, one_line(others), kinds)
    return {
        kind: _parse_filter(f'{path}: the filter for {kind}', filters[kind])
        for kind in QUERIES
        if kind in filters
    }


def _parse_filter(where: str, entities: object) -> dict:
    """Return the filter for one kind of image, with labels without their prefixes."""
    if not isinstance(entities, dict):
        raise PVSError(f'{where} is not an object of entities, such as {{"session": "01"}}')
    if reserved := sorted(_RESERVED & set(entities)):
        raise PVSError(f'{where} has the pybids option {", ".join(reserved)}; use entities only')
    parsed = {}
    for key, value in entities.items():
        name = _NAMES.get(key, key)
        values = [
            _parse_value(f'{where} has {key}', name, one)
            for one in (value if isinstance(value, list) else [value])
        ]
        parsed[name] = values if isinstance(value, list) else values[0]
    return parsed


def _parse_value(where: str, name: str, value: object) -> str | float | None:
    if isinstance(value, str):
        return value.strip().removeprefix(f'{_PREFIXES.get(name, name)}-')
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise PVSError(f'{where}: {value!r:.80}; give a text, null or a list of these')
    if value is not None and name not in _NUMBERED:
        raise PVSError(
            f'{where}: {value}, a number; give the text "{value}", or null for images without '
            f'{name}'
        )
    return value


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
