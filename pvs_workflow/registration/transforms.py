"""Transforms between images, read, written and applied."""

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
_BLOCK = 2**22


@dataclass(frozen=True)
class LinearTransform:
    """A rigid or affine transform, as ITK stores it: from fixed to moving points, LPS millimetres.

    Attributes
    ----------
    parameters : tuple of float
        Of `AFFINE`, the 3 × 3 matrix row by row, then the shift.
    centre : tuple of float
        The point about which the matrix turns and stretches.
    kind : str
        ITK's name of the transform.

    """

    parameters: tuple[float, ...]
    centre: tuple[float, ...]
    kind: str = AFFINE

    @classmethod
    def from_ants(cls, path: str | Path) -> 'LinearTransform':
        """Read a transform that a registration wrote, in any of ITK's formats."""
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
        """Write the transform as text that ITK reads (``.txt``)."""
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
        """The transform as a (4, 4) array: from fixed to moving points, RAS+ millimetres."""
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
    """Resample an image to the grid of another, with one linear interpolation.

    Parameters
    ----------
    fixed, moving : nibabel images, 3D
    transform : LinearTransform or nibabel image
        From fixed to moving points; an image is a displacement field, as ITK stores it.

    Returns
    -------
    nibabel image of float32

    """
    with tempfile.TemporaryDirectory() as folder:
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
        Whose voxels get a displacement.
    moving : nibabel image, 3D
    transforms : sequence of Path
        As ``antsApplyTransforms`` takes them: the last one is applied first.
    folder : Path
        For the file that ITK writes.

    Raises
    ------
    OSError
        If there is no room for it.

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
    """Read a ``.nii.gz`` that ITK wrote to its end, and return its path.

    ITK reports no error when the disk is full.

    Raises
    ------
    OSError
        If the file was cut off.

    """
    try:
        # The checksum stands at the end; ITK itself takes the image for whole without it.
        with gzip.open(path) as stream:
            # For Python, a file of nothing is whole.
            if not stream.read(_BLOCK):
                raise EOFError
            while stream.read(_BLOCK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        reason = 'No space left on device, most likely: ITK wrote a part of it only'
        raise OSError(errno.ENOSPC, reason, str(path)) from error
    return path
