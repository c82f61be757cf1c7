"""The whole method as one function, for use from Python."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.derivatives.images import restore
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.method.align import align, compare
from pvs_workflow.method.assess import Quality, assess_quality
from pvs_workflow.method.conform import Conformed, conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.count import ImageCounts, count
from pvs_workflow.method.cut import SixImages, cut
from pvs_workflow.method.find import find
from pvs_workflow.method.locate import locate
from pvs_workflow.method.optional import attempt
from pvs_workflow.method.saved import Saved, Unusable
from pvs_workflow.method.tables import tabulate
from pvs_workflow.networks.bundle import model_sha256, verify_bundle
from pvs_workflow.settings import RANDOM_SEED

if TYPE_CHECKING:
    import pandas as pd

ImageLike = str | os.PathLike | nb.spatialimages.SpatialImage


@dataclass(frozen=True)
class EPVSResult:
    """Results for one T2w.

    All images are on the grid of the input T2w.

    Attributes
    ----------
    grade : int
        The person's Potter grade, 0 to 4.
    probabilities : (5,) array of float
        Probability of each grade.
    counts : DataFrame
        A row for each of the six images, with the columns of ``desc-epvs_counts.tsv``.
    epvs : DataFrame
        A row for each detected ePVS, with the columns of ``desc-epvs_instances.tsv``.
    t2w : nibabel image
        The T2w, bias-corrected unless ``bias_correction`` is false.
    roi : nibabel image
        Basal ganglia: 1 left, 2 right.
    structures : nibabel image
        Nuclei and internal capsule, with FreeSurfer's label numbers.
    instances : nibabel image
        The ePVS, with the labels of ``epvs``.
    enhanced : nibabel image
        The enhanced images, at their positions in the T2w.
    aligned : dict of nibabel image
        The aligned ``T1w`` and ``FLAIR``, if given and usable.
    quality : Quality
        Quality flags, with reasons.
    six : SixImages
        The six images and their positions.
    counted : ImageCounts
        Predictions of the cascade for them.

    """

    grade: int
    probabilities: np.ndarray
    counts: 'pd.DataFrame'
    epvs: 'pd.DataFrame'
    t2w: nb.Nifti1Image
    roi: nb.Nifti1Image
    structures: nb.Nifti1Image
    instances: nb.Nifti1Image
    enhanced: nb.Nifti1Image
    aligned: dict[str, nb.Nifti1Image]
    quality: Quality
    six: SixImages
    counted: ImageCounts


def count_epvs(
    t2w: ImageLike,
    t1w: ImageLike | None = None,
    flair: ImageLike | None = None,
    model: Path | None = None,
    *,
    seed: int = RANDOM_SEED,
    bias_correction: bool = True,
) -> EPVSResult:
    """Count the enlarged perivascular spaces in the basal ganglia of one T2w.

    The results equal those of the command ``pvs_workflow``. One scan takes about a minute on one
    processor. The function seeds the global random generators of Python, NumPy and Keras.

    Parameters
    ----------
    t2w : path or nibabel image
    t1w, flair : path or nibabel image, optional
        Scans of the same head. They do not affect the counts; they serve to check the left–right
        orientation of the T2w. If one cannot be used, ``quality`` says why.
    model : Path, optional
        A cascade bundle (default: the shipped one).
    seed : int
        Random seed of ANTs and TensorFlow, > 0.
    bias_correction : bool
        Whether to correct the T2w with N4.

    Returns
    -------
    EPVSResult

    Raises
    ------
    PVSError
        If the T2w or the model cannot be used, or if ANTs or TensorFlow is already loaded with
        more than one thread, which would change the results.

    Examples
    --------
    >>> result = count_epvs('sub-01_T2w.nii.gz')  # doctest: +SKIP
    >>> result.grade, result.quality.overall  # doctest: +SKIP
    (2, 'pass')

    """
    bundle = data.path('cascade') if model is None else Path(model)
    verify_bundle(bundle)
    others = {name: image for name, image in (('T1w', t1w), ('FLAIR', flair)) if image is not None}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        t2w_file = _as_file(t2w, _path(t2w, folder, 'T2w'))
        scan, original = conform(t2w_file, is_t2w=True), open_nifti(t2w_file)
        scans = {
            name: _attempt(partial(_read, image), source=_path(image, folder, name))
            for name, image in others.items()
        }
    corrected = correct(scan, seed) if bias_correction else scan
    location = locate(scan, corrected, seed)
    located = location.basal_ganglia
    aligned = {
        name: _attempt(align, t2w=scan, moving=moving, seed=seed) for name, moving in scans.items()
    }
    placed = {'affine': location.affine, 'nuclei': location.nuclei, 'seed': seed}
    fits = tuple(
        _attempt(compare, moving=scans[name], aligned=other, **placed)
        for name, other in aligned.items()
    )
    six = cut(corrected, located, bundle)
    counted = count(six, bundle, model_sha256(bundle), seed)
    found = find(corrected, six, counted)
    quality = assess_quality(
        six, located, counted, location.warp, corrected, location.affine, fits
    )
    tables = tabulate(six, counted, found, quality)
    images = {
        't2w': corrected.image,
        'roi': located.roi,
        'structures': located.structures,
        'instances': found.instances,
        'enhanced': found.enhanced,
    }
    return EPVSResult(
        grade=int(tables['epvs_counts']['potter'].max()),
        probabilities=counted.probabilities,
        counts=tables['epvs_counts'],
        epvs=tables['epvs_instances'],
        **{name: restore(image, original) for name, image in images.items()},
        aligned={
            name: restore(other.image, original)
            for name, other in aligned.items()
            if not isinstance(other, Unusable)
        },
        quality=quality,
        six=six,
        counted=counted,
    )


def _read(image: ImageLike, source: Path) -> Conformed:
    return conform(_as_file(image, source))


def _attempt(step: Callable, **arguments) -> Saved:
    return attempt(step, arguments, errors=Exception)


def _path(image: ImageLike, folder: str, name: str) -> Path:
    """Return the path of an image, or the path to which one in memory is saved."""
    is_path = isinstance(image, str | os.PathLike)
    return Path(image) if is_path else Path(folder, f'{name}.nii')


def _as_file(image: ImageLike, path: Path) -> Path:
    """Return the path of an image; save one that is in memory, unscaled."""
    if not isinstance(image, str | os.PathLike):
        voxels = np.asanyarray(image.dataobj)
        copy = nb.Nifti1Image(voxels, image.affine, image.header, dtype=voxels.dtype)
        nb.save(copy, path)
    return path
