"""Cases of the registration benchmarks: real sessions and simulated people."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from pvs_workflow.inputs import collect_scans
from pvs_workflow.method.conform import conform


@dataclass(frozen=True)
class Case:
    """One T2w with its other contrasts and its reference segmentation."""

    name: str
    participant: str
    t2w: Path
    t1w: Path | None
    flair: Path | None
    reference: Path | None = None
    """Structures on the T2w's grid: the truth, or an independent segmentation of a real head."""
    motions: dict[str, Path] = field(default_factory=dict)
    """Files with the true movement from the T2w, by contrast; empty for real people."""
    anatomy: str | None = None
    """Source of a simulated person's anatomy, if the dataset names it."""

    @property
    def simulated(self) -> bool:
        """True for a simulated person."""
        return bool(self.motions)

    @property
    def contrasts(self) -> dict[str, Path]:
        """The scans to be registered to the T2w, by name."""
        pairs = {'T1w': self.t1w, 'FLAIR': self.flair}
        return {name: path for name, path in pairs.items() if path}

    def structures(self) -> np.ndarray | None:
        """Return the reference segmentation in canonical order, or None if there is none."""
        return None if self.reference is None else read_structures(self.reference)


def read_structures(path: Path) -> np.ndarray:
    """Return the FreeSurfer labels of a segmentation in canonical order."""
    return np.round(np.asarray(conform(path).image.dataobj)).astype(int)


def read_motion(path: Path) -> np.ndarray:
    """Return the simulator's movement: a matrix from T2w to moving points, RAS mm."""
    return np.array(json.loads(path.read_text())['Matrix'], dtype=float)


def real_sessions(
    bids_dir: Path, silver: Path | None = None, limit: int | None = None
) -> list[Case]:
    """Return the first sessions of a dataset, with any segmentations in ``silver``."""
    cases = []
    for scan in collect_scans(bids_dir).scans[:limit]:
        files = sorted((silver / scan.folder).parent.rglob('*.nii.gz')) if silver else []
        reference = files[0] if files else None
        scans = scan.t2w, scan.t1w, scan.flair
        cases.append(Case(scan.prefix, scan.participant, *scans, reference))
    return cases


def simulated_people(bids_dir: Path, limit: int | None = None) -> list[Case]:
    """Return the people of a simulated dataset, with their truth."""
    table = pd.read_csv(bids_dir / 'participants.tsv', sep='\t')
    anatomies = table.set_index('participant_id').get('anatomy', {})
    cases = []
    for scan in collect_scans(bids_dir).scans[:limit]:
        truth = bids_dir / 'derivatives' / 'truth' / scan.folder / scan.prefix
        motions = {
            name: truth.with_name(f'{truth.name}_from-T2w_to-{name}_mode-points_xfm.json')
            for name, path in (('T1w', scan.t1w), ('FLAIR', scan.flair))
            if path
        }
        reference = truth.with_name(f'{truth.name}_space-T2w_desc-structures_dseg.nii.gz')
        scans = scan.t2w, scan.t1w, scan.flair
        anatomy = anatomies.get(f'sub-{scan.participant}')
        cases.append(Case(scan.prefix, scan.participant, *scans, reference, motions, anatomy))
    return cases


def save_canonical(case: Case, folder: Path) -> dict[str, Path | None]:
    """Write a case's scans in canonical order, so that both methods start from the same files."""
    out: dict[str, Path | None] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in ('t2w', 't1w', 'flair'):
        source = getattr(case, name)
        out[name] = source and folder / f'{name}.nii.gz'
        if source:
            conform(source).image.to_filename(out[name])
    return out
