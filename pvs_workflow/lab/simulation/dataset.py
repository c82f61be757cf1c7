"""Write simulated scans as a BIDS dataset, and their truth as a derivative dataset."""

import gzip
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import __version__, data
from pvs_workflow.derivatives import names
from pvs_workflow.files import atomic_path, copy_file, write_json, write_text
from pvs_workflow.lab.simulation import metadata
from pvs_workflow.lab.simulation.session import Session, SimulatedScan
from pvs_workflow.science.geometry import Storage, to_stored
from pvs_workflow.science.grading import potter_grade
from pvs_workflow.science.roi import STRUCTURES
from pvs_workflow.tsv import write_tsv

TRUTH = Path('derivatives', 'truth')

STORED_ORDER = ((0, -1), (1, -1), (2, 1))
"""LPS+ (right to left, front to back, upwards), the usual order of axial images."""


def anat_path(participant: str, session: str | None, root: Path, rest: str) -> Path:
    """Return the path in a dataset of the session's file whose name ends in ``rest``."""
    entities = [f'sub-{participant}', *([f'ses-{session}'] if session else [])]
    return Path(root, *entities, 'anat', '_'.join([*entities, rest]))


def stored_affine(affine: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return the affine of a canonical volume after reordering to `STORED_ORDER`.

    Examples
    --------
    >>> stored_affine(np.eye(4), (3, 5, 7))[:2].tolist()
    [[-1.0, 0.0, 0.0, 2.0], [0.0, -1.0, 0.0, 4.0]]

    """
    flip = np.eye(4)
    for axis, (_, direction) in enumerate(STORED_ORDER):
        if direction < 0:
            flip[axis, axis] = -1
            flip[axis, 3] = shape[axis] - 1
    return affine @ flip


def write_volume(
    path: Path, data: np.ndarray, affine: np.ndarray, compression: int = 1
) -> Storage:
    """Write a canonical volume in `STORED_ORDER`, and return its storage.

    The path ends in ``.nii.gz``, the (x, y, z) data are integers, and compression ranges from 1
    (fastest) to 9 (smallest).
    """
    storage = Storage(tuple(data.shape), STORED_ORDER)
    affine = stored_affine(affine, data.shape)
    image = nb.Nifti1Image(to_stored(data, storage), affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    image.header.set_xyzt_units('mm', 'sec')
    with atomic_path(path) as target:
        # Without a time stamp, the same image gives the same file.
        target.write_bytes(gzip.compress(image.to_bytes(), compression, mtime=0))
    return storage


def start_dataset(
    out: Path,
    participants: Sequence[str],
    seed: int,
    acquisition: str,
    notes: str = '',
    origin: str = 'template',
    anatomies: Sequence[str] | None = None,
) -> None:
    """Write the top-level files of the dataset ``out`` and of its truth.

    Parameters
    ----------
    participants : sequence of str
        Labels without the prefix ``sub-``.
    seed, acquisition
        Values for the README.
    notes : str
        Additional paragraph for the README.
    origin : {'template', 'anatomies', 'backgrounds'}
        Source of the images.
    anatomies : sequence of str, optional
        Source of each participant.

    """
    labels = [f'sub-{label}' for label in participants]
    write_json(out / 'dataset_description.json', metadata.raw_description(__version__, origin))
    write_text(out / 'README', metadata.readme(len(labels), seed, acquisition, notes, origin))
    sources = {} if anatomies is None else {'anatomy': list(anatomies)}
    write_tsv(out / 'participants.tsv', {'participant_id': labels} | sources)
    columns = metadata.ANATOMY if sources else {}
    write_json(out / 'participants.json', metadata.PARTICIPANTS | columns)
    write_text(out / 'CHANGES', f'{__version__} 2025-01-01\n  - Simulated with seed {seed}.\n')
    if origin != 'backgrounds':
        copy_file(data.path('template', 'COPYING_ICBM152'), out / 'COPYING_ICBM152')
        write_text(out / '.bidsignore', 'COPYING_ICBM152\n')
    truth = out / TRUTH
    write_json(truth / 'dataset_description.json', metadata.truth_description(__version__))
    write_text(truth / 'README', metadata.TRUTH_README)
    write_text(truth / '.bidsignore', metadata.TRUTH_BIDSIGNORE)
    write_tsv(truth / 'participants.tsv', {'participant_id': labels})
    write_json(truth / 'participants.json', metadata.PARTICIPANTS)


def write_session(
    out: Path,
    participant: str,
    session_label: str | None,
    session: Session,
    compression: int = 1,
) -> None:
    """Write the scans and the truth of a session to ``out``; see :func:`write_volume`."""
    path = partial(anat_path, participant, session_label)
    for contrast, scan in session.scans.items():
        write_volume(path(out, f'{contrast}.nii.gz'), scan.data, scan.affine, compression)
        write_json(
            path(out, f'{contrast}.json'),
            metadata.scan_metadata(contrast, scan.protocol, scan.data.shape[2], __version__),
        )
    source = f'bids:raw:{path(Path(), "T2w.nii.gz").as_posix()}'
    storage = _write_truth(partial(path, out / TRUTH), session, source)
    entities = {
        'participant_id': [f'sub-{participant}'],
        'session_id': [f'ses-{session_label}' if session_label else None],
    }
    _write_counts(partial(path, out / TRUTH), entities, session.counts, storage)


def _write_truth(path: Callable[[str], Path], session: Session, source: str) -> Storage:
    """Write labels, their tables and head movements, and return the storage of the labels."""
    affine = session.scans['T2w'].affine
    storage = None
    for kind, labels in (
        ('epvs', session.epvs.astype(np.uint16)),
        ('structures', session.structures),
        ('basalganglia', session.roi),
    ):
        stem = f'space-T2w_desc-{kind}_dseg'
        storage = write_volume(path(f'{stem}.nii.gz'), labels, affine)
        write_json(path(f'{stem}.json'), metadata.dseg(kind, source))
    write_tsv(
        path(f'{names.STRUCTURES}.tsv'),
        {
            'index': [s.index for s in STRUCTURES],
            'name': [s.name for s in STRUCTURES],
            'hemisphere': [s.hemisphere for s in STRUCTURES],
        },
    )
    write_tsv(
        path(f'{names.ROI}.tsv'),
        {'index': [1, 2], 'name': ['basal ganglia'] * 2, 'hemisphere': ['L', 'R']},
    )
    for contrast, scan in session.scans.items():
        if contrast != 'T2w':
            content = _movement(contrast, session.scans['T2w'], scan)
            write_json(path(f'from-T2w_to-{contrast}_mode-points_xfm.json'), content)
    return storage


def _write_counts(path: Callable[[str], Path], entities: dict, counts, storage: Storage) -> None:
    write_tsv(
        path(f'{names.COUNTS}.tsv'),
        {
            'hemisphere': [c.hemisphere for c in counts],
            'slice': [storage.slice_index(c.slice_index) for c in counts],
            'slice_rank': [c.rank for c in counts],
            'count': [c.count for c in counts],
        },
    )
    write_json(path(f'{names.COUNTS}.json'), metadata.COUNTS)
    grades = {
        side: max(int(potter_grade(c.count)) for c in counts if c.hemisphere in sides)
        for side, sides in (('', 'LR'), ('_left', 'L'), ('_right', 'R'))
    }
    write_tsv(
        path(f'{names.GRADE}.tsv'),
        entities
        | {f'potter{side}': [grade] for side, grade in grades.items()}
        | {'count_max': [max(c.count for c in counts)]},
    )
    write_json(path(f'{names.GRADE}.json'), metadata.GRADE)


def _movement(contrast: str, t2w: SimulatedScan, other: SimulatedScan) -> dict:
    matrix = other.world_from_person @ np.linalg.inv(t2w.world_from_person)
    return {
        'Description': (
            'Rigid movement of the head: maps a point of the T2w, in scanner space (RAS+, mm), '
            f'to the same anatomy in the {contrast}'
        ),
        'From': 'T2w',
        'To': contrast,
        'Matrix': np.round(matrix, 6).tolist(),
    }
