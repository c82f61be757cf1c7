"""Results of a T2w as the participant level writes them, with known numbers."""

import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.files import copy_file
from tests.builders.phantom import Phantom, make_phantom

COUNTS = (3.25, 12.3457, 7.0, 0.4, 21.6, 9.99)
"""Counts on the left, from the lowest slice up, then on the right; the maximum on the left is
12.3457, and 21.6 overall."""

PROBABILITIES = (0.05, 0.1, 0.25, 0.45, 0.15)
QC = ('pass', 'review', 'pass', 'pass', 'pass', 'pass')


def save_result(
    folder: Path,
    participant: str = '01',
    session: str | None = None,
    run: str | None = None,
    *,
    acquisition: str | None = None,
    counts: Sequence[float] = COUNTS,
    qc: str = 'pass',
    reasons: Iterable[str] = (),
    images: bool = False,
    pictures: Path | None = None,
) -> Path:
    """Write the results of a T2w; return the common prefix of their paths.

    Parameters
    ----------
    folder : Path
        Folder of derivatives.
    participant, session, run, acquisition : str
        Labels.
    counts : sequence of 6 float
        Counts; each interval ranges from half to twice the count.
    qc : {'pass', 'review', 'fail'}
    reasons : iterable of str
        Quality reasons; default ``it is bad`` unless ``qc`` is ``pass``.
    images : bool
        Whether to write the T2w and the ROI of a phantom, with different noise per T2w.
    pictures : Path, optional
        Folder of figures to copy.

    """
    phantom = _phantom()
    name = f'sub-{participant}' + (f'_ses-{session}' if session else '')
    name += f'_acq-{acquisition}' if acquisition else ''
    name += f'_run-{run}' if run else ''
    anat = folder / f'sub-{participant}' / (f'ses-{session}' if session else '') / 'anat'
    stem = anat / name
    sources = [f'bids:raw:{name}_T2w.nii.gz']
    rows = count_table(
        phantom.views,
        phantom.slices,
        counts,
        [count / 2 for count in counts],
        [2 * count for count in counts],
        [int(count) for count in counts],
        [400.25, 410, 420, 430, 440, 450],
        QC,
    )
    write_table(rows, derivative_path(stem, f'{names.COUNTS}.tsv'), 'epvs_counts', sources)
    grade = grade_table(
        participant=participant,
        session=session,
        t2w=f'{anat.relative_to(folder).as_posix()}/{name}_T2w.nii.gz',
        counts=rows,
        probabilities=PROBABILITIES,
        qc=qc,
        reasons=tuple(reasons) or (() if qc == 'pass' else ('it is bad',)),
        model='cascade 1.2.3',
        model_sha256='0f' * 32,
    )
    write_table(grade, derivative_path(stem, f'{names.GRADE}.tsv'), 'potter_grade', sources)
    if images:
        noise = np.random.default_rng(zlib.crc32(name.encode())).integers(0, 80, phantom.t2w.shape)
        for volume, end in ((phantom.t2w + noise, names.T2W), (phantom.roi, names.ROI)):
            image = nb.Nifti1Image(volume.astype(np.int16), phantom.affine)
            nb.save(image, derivative_path(stem, f'{end}.nii.gz'))
    if pictures is not None:
        for figure in pictures.iterdir():
            copy_file(figure, folder / f'sub-{participant}' / 'figures' / f'{name}_{figure.name}')
    return stem


@cache
def _phantom() -> Phantom:
    return make_phantom()


def derivative_path(stem: Path, end: str) -> Path:
    """Return the path of a derivative of a T2w."""
    return stem.with_name(f'{stem.name}_{end}')
