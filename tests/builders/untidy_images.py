"""T2w of other places, orientations, headers and intensities than the example's."""

from functools import cache

import nibabel as nb
import numpy as np
from scipy.ndimage import affine_transform

from tests.builders.method import EXAMPLE

SOURCE = EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz'
TRUTH = EXAMPLE / 'derivatives/truth/sub-02/anat'


@cache
def example_t2w():
    """Return the voxels and the affine of the example's T2w, 0 to 113; do not modify them."""
    image = nb.load(SOURCE)
    return np.asarray(image.dataobj, dtype=np.float32), image.affine


@cache
def structures():
    """Return the true structures of the example's T2w."""
    path = TRUTH / 'sub-02_space-T2w_desc-structures_dseg.nii.gz'
    return np.asarray(nb.load(path).dataobj)


@cache
def ganglia():
    """Return the centre of the example's basal ganglia, mm."""
    path = TRUTH / 'sub-02_space-T2w_desc-basalganglia_dseg.nii.gz'
    roi = nb.load(path)
    return nb.affines.apply_affine(roi.affine, np.argwhere(np.asarray(roi.dataobj)).mean(axis=0))


def save(path, data, affine, dtype=np.int16):
    """Save voxels with their sform and qform, unscaled; return the path."""
    image = nb.Nifti1Image(np.asarray(data).astype(dtype), affine, dtype=dtype)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    nb.save(image, path)
    return path


def acquire(sizes, field, tilt=0.0, shift=(0.0, 0.0, 0.0), storage='RAS'):
    """Return the example's head as acquired on another grid, and its affine.

    Parameters
    ----------
    sizes, field : 3 float
        Voxel size and field of view left–right, back–front and bottom–top, mm.
    tilt : float
        Angle around the left–right axis, degrees.
    shift : 3 float
        Position of the centre relative to the basal ganglia, mm.
    storage : str
        Axis codes of the stored voxels, for the untilted grid.

    """
    data, affine = example_t2w()
    shape = tuple(round(extent / size) for extent, size in zip(field, sizes, strict=True))
    target = np.eye(4)
    angle = np.radians(tilt)
    target[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    target[:3, :3] = target[:3, :3] @ np.diag(sizes)
    target[:3, 3] = ganglia() + shift - target[:3, :3] @ ((np.array(shape) - 1) / 2)
    values = affine_transform(data, np.linalg.inv(affine) @ target, output_shape=shape, order=1)
    turn = nb.orientations.axcodes2ornt(storage)
    # The same turn for every tilt, as the scanner stores it.
    start = nb.orientations.axcodes2ornt('RAS')
    image = nb.Nifti1Image(values, target).as_reoriented(
        nb.orientations.ornt_transform(start, turn)
    )
    return np.asarray(image.dataobj), image.affine


def hippocampal_slab(tilt=0.0, slices=30, thickness=2.0):
    """Return coronal slices through the hippocampi, stored as a scanner stores them."""
    field = (180.0, slices * thickness, 180.0)
    return acquire((0.8, thickness, 0.8), field, tilt, (0.0, -15.0, -8.0), 'LSA')


def with_header(path, **fields):
    """Copy the example's T2w and set fields of its header without any check; return the path.

    ``name_3`` sets element 3 of a field.
    """
    image = nb.load(SOURCE)
    header = image.header.structarr.copy()
    header['vox_offset'], header['magic'] = 352, b'n+1'
    header['scl_slope'], header['scl_inter'] = 1, 0
    for name, value in fields.items():
        if name not in header.dtype.names:
            name, _, index = name.rpartition('_')
            header[name][int(index)] = value
        else:
            header[name] = value
    voxels = np.asarray(image.dataobj.get_unscaled())
    path.write_bytes(header.tobytes() + b'\0' * 4 + voxels.tobytes(order='F'))
    return path


def sform_fields(affine, code=1):
    """Return the header fields of an sform."""
    rows = dict(zip(('srow_x', 'srow_y', 'srow_z'), np.asarray(affine, float), strict=False))
    return rows | {'sform_code': code}
