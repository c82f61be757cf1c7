"""BIDS datasets of tiny images."""

import json
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib
import numpy as np


def make_image(path: Path, shape: tuple[int, ...] = (4, 5, 6)) -> Path:
    """Save an image of random numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.random.default_rng(len(path.name)).random(shape, dtype=np.float32)
    nib.save(nib.Nifti1Image(data, np.diag([1, 1, 5, 1])), path)
    return path


def make_dataset(folder: Path, names: Iterable[str], **description) -> Path:
    """Make a BIDS dataset with the named images."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {'Name': 'tiny', 'BIDSVersion': '1.10.0', 'DatasetType': 'raw'} | description
    (folder / 'dataset_description.json').write_text(json.dumps(content))
    (folder / 'README').write_text('A dataset for tests, of random numbers. ' * 5)
    for name in names:
        entities = name.split('_')[:2]
        levels = [entity for entity in entities if entity.startswith(('sub-', 'ses-'))]
        make_image(folder.joinpath(*levels, 'anat', name))
    return folder
