"""Results of a cross-validation for every image, and the files that store them."""

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
    """Result of one held-out image with one enhancement.

    Attributes
    ----------
    participant : str
    hemisphere : {'L', 'R'}
    slice : int
        Rank of the slice: 1 for the lowest of the three.
    fold : int
        Number of the fold in which the participant was held out, counted from 1.
    method : str
        Enhancement.
    true_count : int
    predicted_count : float
        Count with the true ROI.
    predicted_count_roi_errors : float
        Count with random errors of the ROI similar to those of registration.
    cnr, cnr_tissue : float or None
        Contrast-to-noise ratios of the enhanced image with the true ROI; None without ePVS or
        with too few pixels to measure them.

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
    """Results of one fold with one enhancement.

    Attributes
    ----------
    images : tuple of ImageResult
    losses : dict of (list of float)
        Validation loss per epoch of the counter, and for ``deep`` of the enhancer.
    image_passes : dict of int
        Number of images on which each network was trained, including repetitions.
    seconds : float

    """

    images: tuple[ImageResult, ...]
    losses: dict[str, list[float]]
    image_passes: dict[str, int]
    seconds: float


def part_path(folder: Path, fold: int, method: str) -> Path:
    """Return the path of the file of a part."""
    return Path(folder) / f'fold-{fold}_method-{method}.json'


def save_part(path: Path, part: FoldResult) -> None:
    """Write a part atomically."""
    write_text(path, json.dumps(asdict(part)) + '\n')


def load_part(path: Path) -> FoldResult:
    """Read a part.

    Raises
    ------
    OutputError
        If the file is not part of a cross-validation.

    """
    try:
        values = json.loads(Path(path).read_text(encoding='utf-8'))
        values['images'] = tuple(ImageResult(**image) for image in values['images'])
        return FoldResult(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(
            f'{path} is not part of a cross-validation ({error}); delete it to compute it again'
        ) from error


def claim_folder(folder: Path, settings: Mapping) -> None:
    """Write the settings of a folder's parts, or check that existing ones are the same.

    ``settings`` are all settings that affect the parts, as plain values.

    Raises
    ------
    OutputError
        If the folder has parts with other settings.

    """
    path, settings = Path(folder) / SETTINGS, json.loads(json.dumps(settings))
    if path.is_file():
        try:
            saved = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            saved = {}
        if saved != settings:
            differing = sorted(k for k in {*settings, *saved} if settings.get(k) != saved.get(k))
            raise OutputError(
                f'{folder} has results with different {", ".join(differing)}; use the same '
                'settings or another folder'
            )
    else:
        write_json(path, settings)


def data_digest(samples: Sequence[Sample]) -> str:
    """Return the SHA-256 of the images, their ROI and their true ePVS."""
    digest = hashlib.sha256(__version__.encode())
    for sample in samples:
        digest.update(f'{sample.participant} {sample.view}'.encode())
        for array in (sample.plane, sample.roi, sample.labels):
            digest.update(array.tobytes())
    return digest.hexdigest()


def write_predictions(path: Path, results: Sequence[ImageResult]) -> None:
    """Write a TSV table with one row per image and enhancement."""
    names = [field.name for field in fields(ImageResult)][1:]
    people = {'participant_id': [f'sub-{result.participant}' for result in results]}
    write_tsv(path, people | {name: [getattr(r, name) for r in results] for name in names})
