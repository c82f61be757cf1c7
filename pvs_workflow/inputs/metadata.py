"""Read scanner metadata from the JSON sidecars of a dataset."""

import math
import sys
from collections.abc import Mapping
from pathlib import Path

from pvs_workflow.files import read_json_object
from pvs_workflow.inputs.listing import list_folder

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


class Sidecars:
    """The JSON sidecars of a dataset; each folder is listed once, and each file read once.

    By the inheritance principle of BIDS, sidecars are read from the dataset's root down to the
    image's folder. A sidecar applies if it has the image's suffix and no entities that the image
    lacks; lower ones take precedence.

    Parameters
    ----------
    bids_dir : Path

    """

    def __init__(self, bids_dir: Path):
        self.bids_dir = Path(bids_dir)
        self._found: dict[Path, list[Path]] = {}
        self._names: dict[Path, list[str]] = {}
        self._contents: dict[Path, dict] = {}

    def find(self, image: Path) -> list[Path]:
        """Return the sidecars of an image in the dataset, those that take precedence last."""
        if image in self._found:
            return self._found[image]
        image, found = Path(image), []
        *entities, suffix = image.name.split('.', 1)[0].split('_')
        for folder in reversed(image.parents[: len(image.relative_to(self.bids_dir).parts)]):
            for name in self._list(folder):
                *sidecar_entities, kind = name.removesuffix('.json').split('_')
                if kind == suffix and set(sidecar_entities) <= set(entities):
                    found.append(folder / name)
        self._found[image] = found
        return found

    def read(self, image: Path) -> dict:
        """Return the scanner metadata of an image; sidecars that cannot be read are skipped.

        Returns
        -------
        dict
            The :data:`SCANNER_KEYS` whose values pass :func:`is_scalar`.

        """
        metadata: dict = {}
        for path in self.find(image):
            metadata |= self._read(path)
        return {key: metadata[key] for key in SCANNER_KEYS if is_scalar(metadata.get(key))}

    def find_empty(self, image: Path) -> list[Path]:
        """Return the sidecars of an image that have no metadata or cannot be read."""
        return [path for path in self.find(image) if not self._read(path)]

    def _list(self, folder: Path) -> list[str]:
        """Return the names of JSON files, the shortest first."""
        if folder not in self._names:
            try:
                names = [name for name, _ in list_folder(str(folder)) if name.endswith('.json')]
            except OSError:
                names = []
            self._names[folder] = sorted(names, key=lambda name: (len(name), name))
        return self._names[folder]

    def _read(self, path: Path) -> dict:
        if path not in self._contents:
            content = read_json_object(path)
            self._contents[path] = {key: content[key] for key in SCANNER_KEYS if key in content}
        return self._contents[path]


def echo_time(metadata: Mapping) -> float | None:
    """Return the echo time in seconds, or None if it is unknown.

    BIDS asks for seconds. Values above 1 are milliseconds: no T2w has an echo time of a second.

    Examples
    --------
    >>> [echo_time({'EchoTime': value}) for value in (0.1, 100, '12', 'TE', 0)]
    [0.1, 0.1, 0.012, None, None]

    """
    try:
        value = float(metadata.get('EchoTime', 0))
    except ValueError:
        return None
    if not 0 < value < math.inf:
        return None
    return value / 1000 if value > 1 else value


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
