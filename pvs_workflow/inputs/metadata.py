"""What a dataset's sidecars tell of the scanner."""

import sys
from pathlib import Path

from pvs_workflow.files import read_json_object

SCANNER_KEYS = (
    'Manufacturer',
    'ManufacturersModelName',
    'MagneticFieldStrength',
    'InstitutionName',
    'MRAcquisitionType',
    'SliceThickness',
    'SpacingBetweenSlices',
    'EchoTime',
    'RepetitionTime',
)
"""BIDS metadata that go into the derivatives: the scanner and how it measured, no person."""

MAX_TEXT = 200
"""Maximum length of a text, characters; DICOM's names have at most 64."""


def scanner_metadata(bids_dir: Path, image: Path) -> dict:
    """Return what the sidecars say of the scanner, by BIDS' inheritance principle.

    Sidecars are looked for from the dataset's root down to the image's folder; one applies if
    its suffix is the image's and its entities are among the image's. The lower one wins.

    Returns
    -------
    dict
        Those of :data:`SCANNER_KEYS` that are there with one number, or one printable text that
        is not longer than a name. Sidecars that cannot be read are passed over.

    """
    bids_dir, image = Path(bids_dir), Path(image)
    *entities, suffix = image.name.split('.', 1)[0].split('_')
    found: dict = {}
    for folder in reversed(image.parents[: len(image.relative_to(bids_dir).parts)]):
        sidecars = sorted(folder.glob(f'*{suffix}.json'), key=lambda path: (len(path.name), path))
        for path in sidecars:
            *own, kind = path.name.removesuffix('.json').split('_')
            if kind == suffix and set(own) <= set(entities):
                found |= read_json_object(path)
    return {key: found[key] for key in SCANNER_KEYS if is_scalar(found.get(key))}


def is_scalar(value) -> bool:
    r"""Tell whether a value of a sidecar is one finite number or one printable, short text.

    Examples
    --------
    >>> [is_scalar(value) for value in (3, 'Siemens', True, [3], 10**400, 'a\x1b[2J', 'a' * 999)]
    [True, True, False, False, False, False, False]

    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return abs(value) <= sys.float_info.max
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
