"""Simulated scans as a BIDS dataset, and their truth as a derivative dataset."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import __version__
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
"""Right to left, front to back, upwards (LPS+): as most scanners' axial images come."""


@dataclass(frozen=True)
class Name:
    """The start of a session's file names and its folder.

    Attributes
    ----------
    participant : str
        Label without prefix.
    session : str or None

    """

    participant: str
    session: str | None = None

    @property
    def prefix(self) -> str:
        """Entities that all file names start with."""
        session = f'_ses-{self.session}' if self.session else ''
        return f'sub-{self.participant}{session}'

    def path(self, root: Path, rest: str) -> Path:
        """Return the path of a file of this session in a dataset."""
        session = [f'ses-{self.session}'] if self.session else []
        return Path(root, f'sub-{self.participant}', *session, 'anat', f'{self.prefix}_{rest}')


def stored_affine(affine: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return the affine of a canonical volume once it is stored in `STORED_ORDER`.

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
    """Write a canonical volume as a scanner would store it.

    Parameters
    ----------
    path : Path
        Ends in ``.nii.gz``.
    data : (x, y, z) array of int
    affine : (4, 4) array
    compression : int
        1 fastest to 9 smallest.

    Returns
    -------
    Storage
        How it was stored.

    """
    storage = Storage(tuple(data.shape), STORED_ORDER)
    there = stored_affine(affine, data.shape)
    image = nb.Nifti1Image(to_stored(data, storage), there)
    image.set_qform(there, 1)
    image.set_sform(there, 1)
    image.header.set_xyzt_units('mm', 'sec')
    with atomic_path(path) as target:
        # No time stamp, so that the same image gives the same file.
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
    """Write the files at the top of the dataset and of its truth.

    Parameters
    ----------
    out : Path
    participants : sequence of str
        Labels.
    seed : int
    acquisition : str
    notes : str
        A paragraph for the README.
    origin : {'template', 'anatomies', 'backgrounds'}
        What the images are made from.
    anatomies : sequence of str, optional
        What each participant is made from.

    """
    labels = [f'sub-{label}' for label in participants]
    write_json(out / 'dataset_description.json', metadata.raw_description(__version__, origin))
    write_text(out / 'README', metadata.readme(len(labels), seed, acquisition, notes, origin))
    told = {} if anatomies is None else {'anatomy': list(anatomies)}
    write_tsv(out / 'participants.tsv', {'participant_id': labels} | told)
    columns = metadata.ANATOMY if told else {}
    write_json(out / 'participants.json', metadata.PARTICIPANTS | columns)
    write_text(out / 'CHANGES', f'{__version__} 2025-01-01\n  - Simulated with seed {seed}.\n')
    if origin != 'backgrounds':
        copy_file(metadata.notice(), out / 'COPYING_ICBM152')
        write_text(out / '.bidsignore', 'COPYING_ICBM152\n')
    truth = out / TRUTH
    write_json(truth / 'dataset_description.json', metadata.truth_description(__version__))
    write_text(truth / 'README', metadata.truth_readme())
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
    """Write one session's scans and truth.

    Parameters
    ----------
    out : Path
        The dataset.
    participant : str
        Label.
    session_label : str or None
    session : Session
    compression : int
        1 fastest to 9 smallest.

    """
    name = Name(participant, session_label)
    for contrast, scan in session.scans.items():
        write_volume(name.path(out, f'{contrast}.nii.gz'), scan.data, scan.affine, compression)
        write_json(
            name.path(out, f'{contrast}.json'),
            metadata.scan_metadata(contrast, scan.protocol, scan.data.shape[2], __version__),
        )
    _write_truth(out / TRUTH, name, session)


def _write_truth(root: Path, name: Name, session: Session) -> None:
    affine = session.scans['T2w'].affine
    source = f'bids:raw:{name.path(Path(), "T2w.nii.gz").as_posix()}'
    storage = None
    for kind, labels in (
        ('epvs', session.epvs.astype(np.uint16)),
        ('structures', session.structures),
        ('basalganglia', session.roi),
    ):
        stem = f'space-T2w_desc-{kind}_dseg'
        storage = write_volume(name.path(root, f'{stem}.nii.gz'), labels, affine)
        write_json(name.path(root, f'{stem}.json'), metadata.dseg(kind, source))
    write_tsv(
        name.path(root, f'{names.STRUCTURES}.tsv'),
        {
            'index': [s.index for s in STRUCTURES],
            'name': [s.name for s in STRUCTURES],
            'hemisphere': [s.hemisphere for s in STRUCTURES],
        },
    )
    write_tsv(
        name.path(root, f'{names.ROI}.tsv'),
        {'index': [1, 2], 'name': ['basal ganglia'] * 2, 'hemisphere': ['L', 'R']},
    )
    _write_counts(root, name, session, storage)
    for contrast, scan in session.scans.items():
        if contrast != 'T2w':
            _write_transform(root, name, contrast, session.scans['T2w'], scan)


def _write_counts(root: Path, name: Name, session: Session, storage: Storage) -> None:
    counts = session.counts
    write_tsv(
        name.path(root, f'{names.COUNTS}.tsv'),
        {
            'hemisphere': [c.hemisphere for c in counts],
            'slice': [storage.slice_index(c.slice_index) for c in counts],
            'slice_rank': [c.rank for c in counts],
            'count': [c.count for c in counts],
        },
    )
    write_json(name.path(root, f'{names.COUNTS}.json'), metadata.COUNTS)
    grades = {
        side: max(int(potter_grade(c.count)) for c in counts if c.hemisphere in sides)
        for side, sides in (('', 'LR'), ('_left', 'L'), ('_right', 'R'))
    }
    write_tsv(
        name.path(root, f'{names.GRADE}.tsv'),
        {
            'participant_id': [f'sub-{name.participant}'],
            'session_id': [f'ses-{name.session}' if name.session else None],
            **{f'potter{side}': [grade] for side, grade in grades.items()},
            'count_max': [max(c.count for c in counts)],
        },
    )
    write_json(name.path(root, f'{names.GRADE}.json'), metadata.GRADE)


def _write_transform(
    root: Path, name: Name, contrast: str, t2w: SimulatedScan, other: SimulatedScan
) -> None:
    matrix = other.world_from_person @ np.linalg.inv(t2w.world_from_person)
    content = {
        'Description': (
            'Rigid movement of the head: maps a point of the T2w, in millimetres of its own '
            f'scanner space (RAS+), to the same anatomy in the {contrast}'
        ),
        'From': 'T2w',
        'To': contrast,
        'Matrix': np.round(matrix, 6).tolist(),
    }
    write_json(name.path(root, f'from-T2w_to-{contrast}_mode-points_xfm.json'), content)
