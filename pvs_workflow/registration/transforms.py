"""Read, write and apply transforms between images."""

import errno
import gzip
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import write_text
from pvs_workflow.registration.engine import load_ants, to_ants

AFFINE, EULER = 'AffineTransform_double_3_3', 'Euler3DTransform_double_3_3'
"""ITK's names of transforms with a matrix and a shift, and with three angles and a shift."""

_BLOCK = 2**22  # bytes read at once


@dataclass(frozen=True)
class LinearTransform:
    """A rigid or affine transform in ITK's format: from fixed to moving points, LPS millimetres.

    Attributes
    ----------
    parameters : tuple of float
        For `AFFINE`, the 3 × 3 matrix by rows, then the shift; for `EULER`, three angles in
        radians, then the shift.
    centre : tuple of 3 float
        Centre of rotation, to which the matrix or the angles refer.
    kind : str
        ITK's name of the transform type.

    """

    parameters: tuple[float, ...]
    centre: tuple[float, ...]
    kind: str = AFFINE

    @classmethod
    def from_ants(cls, path: str | Path) -> 'LinearTransform':
        """Read the transform of a registration, in any of ITK's formats."""
        transform = load_ants().read_transform(str(path))
        values = transform.parameters, transform.fixed_parameters
        return cls(*(tuple(map(float, v)) for v in values))

    @classmethod
    def load(cls, path: Path) -> 'LinearTransform':
        """Read a transform that :meth:`save` wrote."""
        lines = path.read_text('utf-8').splitlines()
        content = dict(line.split(': ', 1) for line in lines if ': ' in line)
        numbers = (
            tuple(map(float, content[name].split())) for name in ('Parameters', 'FixedParameters')
        )
        return cls(*numbers, content['Transform'])

    def save(self, path: Path) -> Path:
        """Write the transform in ITK's text format (``.txt``), and return its path."""
        parameters, centre = (
            ' '.join(repr(float(value)).removesuffix('.0') for value in values)
            for values in (self.parameters, self.centre)
        )
        write_text(
            path,
            '#Insight Transform File V1.0\n#Transform 0\n'
            f'Transform: {self.kind}\nParameters: {parameters}\nFixedParameters: {centre}\n',
        )
        return path

    @property
    def matrix(self) -> np.ndarray:
        """(4, 4) matrix from fixed to moving points, RAS+ millimetres; ValueError for `EULER`."""
        if self.kind != AFFINE:
            raise ValueError(f'only {AFFINE} has a matrix, received {self.kind}')
        linear, shift = np.reshape(self.parameters[:9], (3, 3)), np.array(self.parameters[9:])
        out = np.eye(4)
        out[:3, :3] = linear
        out[:3, 3] = shift + self.centre - linear @ self.centre
        to_lps = np.diag([-1.0, -1.0, 1.0, 1.0])
        return to_lps @ out @ to_lps


def apply_transform(
    fixed: nb.Nifti1Image, moving: nb.Nifti1Image, transform: LinearTransform | nb.Nifti1Image
) -> nb.Nifti1Image:
    """Resample an image to the grid of another by linear interpolation.

    Parameters
    ----------
    fixed, moving : nibabel images, 3D
        The image that defines the grid, and the image to resample.
    transform : LinearTransform or nibabel image
        Maps points of ``fixed`` to points of ``moving``; an image is a displacement field in
        ITK's format.

    Returns
    -------
    nibabel image of float32
        ``moving`` on the grid of ``fixed``.

    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if isinstance(transform, LinearTransform):
            path = transform.save(Path(folder, 'linear.txt'))
        else:
            path = Path(folder, 'field.nii')
            nb.save(transform, path)
        out = load_ants().apply_transforms(
            to_ants(fixed),
            to_ants(moving),
            [str(path)],
            interpolator='linear',
            singleprecision=True,
        )
    return nb.Nifti1Image(out.numpy().astype(np.float32, copy=False), fixed.affine)


def compose(
    grid: nb.Nifti1Image, moving: nb.Nifti1Image, transforms: Sequence[Path], folder: Path
) -> nb.Nifti1Image:
    """Return a chain of transforms as one displacement field.

    Parameters
    ----------
    grid : nibabel image, 3D
        Grid of the field.
    moving : nibabel image, 3D
        The image that the chain resamples.
    transforms : sequence of Path
        Transforms in the order of ``antsApplyTransforms``: the last one is applied first.
    folder : Path
        Folder of the file that ITK writes.

    Returns
    -------
    nibabel image
        Displacements in ITK's format.

    Raises
    ------
    OSError
        If the disk is full.

    """
    name = load_ants().apply_transforms(
        to_ants(grid),
        to_ants(moving),
        [str(path) for path in transforms],
        compose=str(folder / 'chain_'),
        singleprecision=True,
    )
    field = nb.load(check_whole(Path(name)))
    return nb.Nifti1Image(np.asarray(field.dataobj), field.affine, field.header)


def check_whole(path: Path) -> Path:
    """Check that ITK wrote all of a ``.nii.gz``, and return its path.

    ITK does not report a full disk.

    Raises
    ------
    OSError
        If the file is truncated.

    """
    try:
        # The checksum is at the end; ITK does not notice if it is missing.
        with gzip.open(path) as stream:
            # Python accepts an empty file.
            if not stream.read(_BLOCK):
                raise EOFError
            while stream.read(_BLOCK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        reason = 'No space left on device: ITK wrote only part of the file'
        raise OSError(errno.ENOSPC, reason, str(path)) from error
    return path
