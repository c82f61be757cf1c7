"""Recognise results of images that were reconstructed from one acquisition."""

from pathlib import Path

import numpy as np

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.acquisition_times import is_same_acquisition
from pvs_workflow.inputs.nifti import open_nifti, read_voxels
from pvs_workflow.science.copies import is_copy


def are_one_acquisition(one: Result, two: Result, bids_dir: Path | None) -> bool:
    """Return whether two results are of one acquisition that was reconstructed twice.

    They are if the raw dataset says so, see
    :func:`~pvs_workflow.inputs.acquisition_times.is_same_acquisition`, or if their T2w in the
    derivatives have nearly equal voxels on one grid.
    """
    images = [result.grade['t2w'] for result in (one, two)]
    if bids_dir is not None and is_same_acquisition(bids_dir, *images):
        return True
    stems = [result.stem for result in (one, two)]
    paths = [stem.with_name(f'{stem.name}_{names.T2W}.nii.gz') for stem in stems]
    try:
        first, second = map(open_nifti, paths)
        if first.shape != second.shape or not np.allclose(first.affine, second.affine, atol=1e-3):
            return False
        voxels = [
            read_voxels(image, path, np.float32)
            for image, path in zip((first, second), paths, strict=True)
        ]
        return is_copy(*voxels)
    except ImageError:
        return False
