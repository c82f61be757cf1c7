"""What a cross-validation finds for every image, and the files it is kept in."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.errors import OutputError
from pvs_workflow.files import write_json, write_text
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.tsv import write_tsv

SETTINGS = 'settings.json'


@dataclass(frozen=True)
class ImageResult:
    """One held-out image, counted after one enhancement.

    Attributes
    ----------
    participant : str
    hemisphere : {'L', 'R'}
    slice : int
        1 for the lowest of the three.
    fold : int
        From 1; the one that the participant was held out of.
    method : str
        The enhancement.
    true_count : int
    predicted_count : float
        With the true ROI.
    predicted_count_roi_errors : float
        With random errors of the ROI like registration's.
    cnr, cnr_tissue : float or None
        Of the enhanced image, with the true ROI; None without ePVS or room to measure.

    """

    participant: str
    hemisphere: str
    slice: int
    fold: int
    method: str
    true_count: int
    predicted_count: float
    predicted_count_roi_errors: float
    cnr: float | None
    cnr_tissue: float | None


@dataclass(frozen=True)
class FoldResult:
    """One fold with one enhancement.

    Attributes
    ----------
    images : tuple of ImageResult
    losses : dict of (list of float)
        The counter's (and for ``deep`` the enhancer's) loss per epoch on the participants who
        chose the best epoch.
    image_passes : dict of int
        Images that each network was trained on, repetitions counted.
    seconds : float

    """

    images: tuple[ImageResult, ...]
    losses: dict[str, list[float]]
    image_passes: dict[str, int]
    seconds: float


def part_path(folder: Path, fold: int, method: str) -> Path:
    """Return the file that keeps a part."""
    return Path(folder) / f'fold-{fold}_method-{method}.json'


def save_part(path: Path, part: FoldResult) -> None:
    """Write a part in one step."""
    write_text(path, json.dumps(asdict(part)) + '\n')


def load_part(path: Path) -> FoldResult:
    """Read a part.

    Raises
    ------
    OutputError
        If the file holds something else.

    """
    try:
        values = json.loads(Path(path).read_text(encoding='utf-8'))
        values['images'] = tuple(ImageResult(**image) for image in values['images'])
        return FoldResult(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(
            f'{path} cannot be used, expected a part of a cross-validation, received: {error}; '
            'delete it to compute it again'
        ) from error


def claim_folder(folder: Path, settings: Mapping) -> None:
    """Note what a folder's parts were made with, or check that it is the same.

    ``settings`` are all that the parts depend on, as plain values.

    Raises
    ------
    OutputError
        If the folder has parts of something else.

    """
    path, wanted = Path(folder) / SETTINGS, json.loads(json.dumps(settings))
    if path.is_file():
        try:
            received = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            received = {}
        if received != wanted:
            differing = sorted(k for k in {*wanted, *received} if wanted.get(k) != received.get(k))
            raise OutputError(
                f'{folder} holds parts made in another way, expected the same settings '
                f'to go on with it or another folder, received other {", ".join(differing)}'
            )
    else:
        write_json(path, wanted)


def data_digest(samples: Sequence[Sample]) -> str:
    """Return a SHA-256 that names the images, their ROI and their truth."""
    digest = hashlib.sha256(__version__.encode())
    for sample in samples:
        digest.update(f'{sample.participant} {sample.view}'.encode())
        for array in (sample.plane, sample.roi, sample.labels):
            digest.update(array.tobytes())
    return digest.hexdigest()


def write_predictions(path: Path, results: Sequence[ImageResult]) -> None:
    """Write one row per image and enhancement, as TSV."""
    names = [field.name for field in fields(ImageResult)][1:]
    people = {'participant_id': [f'sub-{result.participant}' for result in results]}
    write_tsv(path, people | {name: [getattr(r, name) for r in results] for name in names})
