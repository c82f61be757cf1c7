"""Read scanner metadata from the JSON sidecars of a dataset."""

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
"""BIDS metadata copied to the derivatives: scanner and acquisition, nothing about the person."""

MAX_TEXT = 200
"""Maximum length of a text, characters; names in DICOM have at most 64."""


def scanner_metadata(bids_dir: Path, image: Path) -> dict:
    """Return the scanner metadata of an image, by the inheritance principle of BIDS.

    Sidecars are read from the dataset's root down to the image's folder. A sidecar applies if it
    has the image's suffix and no entities that the image lacks; lower ones take precedence.
    Sidecars that cannot be read are skipped.

    Parameters
    ----------
    bids_dir : Path
    image : Path
        An image in ``bids_dir``.

    Returns
    -------
    dict
        The :data:`SCANNER_KEYS` whose values pass :func:`is_scalar`.

    """
    bids_dir, image = Path(bids_dir), Path(image)
    *entities, suffix = image.name.split('.', 1)[0].split('_')
    metadata: dict = {}
    for folder in reversed(image.parents[: len(image.relative_to(bids_dir).parts)]):
        sidecars = sorted(folder.glob(f'*{suffix}.json'), key=lambda path: (len(path.name), path))
        for path in sidecars:
            *sidecar_entities, kind = path.name.removesuffix('.json').split('_')
            if kind == suffix and set(sidecar_entities) <= set(entities):
                metadata |= read_json_object(path)
    return {key: metadata[key] for key in SCANNER_KEYS if is_scalar(metadata.get(key))}


def is_scalar(value) -> bool:
    r"""Return whether a value of a sidecar is one finite number or one short, printable text.

    Examples
    --------
    >>> [is_scalar(value) for value in (3, 'Siemens', True, [3], 10**400, 'a\x1b[2J', 'a' * 999)]
    [True, True, False, False, False, False, False]

    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return abs(value) <= sys.float_info.max
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
