"""Datasets with files that are not where or what they should be."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.builders.datasets import make_dataset, make_image

NOBODY = 65534
"""User and group without privileges."""


def untidy_dataset(folder, *files, folders=(), remove_t2w=True):
    """Make a dataset of ``sub-good`` and ``sub-x``, whose files and folders are given by path.

    Paths are relative to ``sub-x``; images that end in ``.nii`` or ``.nii.gz`` are real.
    """
    bids = make_dataset(folder / 'bids', ['sub-good_T2w.nii.gz', 'sub-x_T2w.nii.gz'])
    if remove_t2w:
        (bids / 'sub-x/anat/sub-x_T2w.nii.gz').unlink()
    for name in files:
        path = bids / 'sub-x' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(('.nii', '.nii.gz')):
            make_image(path)
        else:
            path.write_bytes(b'some bytes')
    for name in folders:
        (bids / 'sub-x' / name).mkdir(parents=True)
    return bids


@contextmanager
def open_folder():
    """Make a temporary folder that all users may enter, and remove it."""
    folder = Path(tempfile.mkdtemp(prefix='pvs-untidy-'))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in folder.rglob('*'):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def unprivileged():
    """Act as a user other than root, whom permissions bind."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
