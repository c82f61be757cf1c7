"""Bad T2w images: invalid and unusual headers."""

import nibabel as nb
import numpy as np

from tests.hostile.case import NO_ERROR
from tests.hostile.nifti_files import (
    AFFINE,
    DAMAGED,
    NOT_FINITE,
    SHAPE,
    SHAPELESS,
    SINGULAR,
    UNREADABLE,
    bomb,
    nifti,
    noise,
    t2w_file,
)


def dimensions():
    """Yield images with unusual numbers of axes and voxels."""
    for axes in (1, 2):
        data = noise(SHAPE[:axes] if axes == 2 else (64,))
        yield f'{axes}D', t2w_file(nifti(data), '.nii.gz'), f'it is {axes}D'
    for shape in ((8, 8, 6, 2), (8, 8, 6, 3, 2), (8, 8, 6, 1, 1, 2), (4, 4, 6, 2, 2, 2, 2)):
        axes = len(shape)
        yield f'{axes}D', t2w_file(nifti(noise(shape)), '.nii.gz'), f'it is {axes}D'
    yield '4D of one volume', t2w_file(nifti(noise((*SHAPE, 1))), '.nii.gz'), NO_ERROR
    yield '7D of one volume', t2w_file(nifti(noise((*SHAPE, 1, 1, 1, 1))), '.nii.gz'), NO_ERROR
    for axes in (0, -1, 8, 255, -32768, 32767):
        yield f'number of axes {axes}', t2w_file(nifti(dim_0=axes)), 'sub-bad_T2w'
    for axis in (1, 2, 3):
        for size in (0, -1, 1, -32768, 32767):
            message = DAMAGED if size == 32767 and axis < 3 else 'sub-bad_T2w'
            yield (
                f'{size} voxels along axis {axis}',
                t2w_file(nifti(**{f'dim_{axis}': size})),
                message,
            )
    yield 'all axes of maximum length', t2w_file(nifti(dim=(3, 32767, 32767, 32767))), SHAPELESS
    yield 'NIfTI-2, 2^62 voxels', t2w_file(nifti(version=2, dim_1=2**62)), SHAPELESS
    yield 'NIfTI-2, −2^63 voxels', t2w_file(nifti(version=2, dim_1=-(2**63))), 'sub-bad_T2w'
    yield 'NIfTI-2', t2w_file(nifti(version=2)), NO_ERROR
    yield 'one slice', t2w_file(nifti(noise((64, 80, 1)))), SHAPELESS
    yield 'two slices', t2w_file(nifti(noise((64, 80, 2)))), 'too few axial slices'


def types():
    """Yield images with common and unusual types of voxels."""
    for dtype in (np.complex64, np.complex128):
        data = noise().astype(dtype)
        yield f'{np.dtype(dtype)} voxels', t2w_file(nifti(data)), 'one real number per voxel'
    rgb = np.zeros(SHAPE, [(c, 'u1') for c in 'RGB'])
    rgba = np.zeros(SHAPE, [(c, 'u1') for c in 'RGBA'])
    yield 'RGB', t2w_file(nifti(rgb)), 'one real number per voxel'
    yield 'RGBA', t2w_file(nifti(rgba)), 'one real number per voxel'
    for dtype in (np.int8, np.uint16, np.int64, np.uint64, np.float64):
        data = (noise() % 100).astype(dtype)
        yield f'{np.dtype(dtype)} voxels', t2w_file(nifti(data)), NO_ERROR
    swapped = nb.Nifti1Image(noise(), AFFINE).header.as_byteswapped('>')
    swapped['vox_offset'], swapped['scl_slope'], swapped['magic'] = 352, 1, b'n+1'
    swapped['scl_inter'] = 0
    content = swapped.structarr.tobytes() + b'\0' * 4 + noise().astype('>i2').tobytes(order='F')
    yield 'the other byte order', t2w_file(content), NO_ERROR
    for code, bits in ((1536, 128), (1792, 128), (2048, 256)):
        data = noise((*SHAPE[:2], SHAPE[2] * bits // 16))
        make = t2w_file(nifti(data, dim=(3, *SHAPE), datatype=code, bitpix=bits))
        yield f'data type {code} of {bits} bits', make, 'sub-bad_T2w'
    for code in (0, 1, 3, 255, 9999, -4):
        yield f'data type {code}', t2w_file(nifti(datatype=code)), 'sub-bad_T2w'
    yield 'bits per voxel that do not match the type', t2w_file(nifti(bitpix=64)), NO_ERROR
    yield 'a type larger than its data', t2w_file(nifti(datatype=64, bitpix=64)), DAMAGED


def headers():
    """Yield images with wrong header fields, and with unusual but valid ones."""
    for value in (0, 1, 347, 349, -1, 2**31 - 1):
        yield f'header of {value} bytes', t2w_file(nifti(sizeof_hdr=value)), UNREADABLE
    for magic in (b'', b'xxx', b'n+9', b'\xff\xff\xff\xff', b'n+2'):
        yield f'magic {magic!r}', t2w_file(nifti(magic=magic)), 'sub-bad_T2w'
    for offset in (0, 1, 100, 351, 352.5, -1, -352):
        yield f'data from byte {offset}', t2w_file(nifti(vox_offset=offset)), UNREADABLE
    for offset in (1e4, 1e6, 1e9, 1e18, 3e38):
        yield f'data from byte {offset:g}', t2w_file(nifti(vox_offset=offset)), 'sub-bad_T2w'
        make = t2w_file(nifti(vox_offset=offset), '.nii.gz')
        yield f'data from byte {offset:g}, compressed', make, 'sub-bad_T2w'
    for value in (np.nan, np.inf, -np.inf):
        yield f'data from byte {value}', t2w_file(nifti(vox_offset=value)), UNREADABLE
    yield 'scale 0 (none)', t2w_file(nifti(scl_slope=0)), NO_ERROR
    yield 'scale NaN (none)', t2w_file(nifti(scl_slope=np.nan)), NO_ERROR
    yield 'scale −1', t2w_file(nifti(scl_slope=-1)), NO_ERROR
    yield 'scale infinite', t2w_file(nifti(scl_slope=np.inf)), NO_ERROR
    yield 'offset of scale NaN', t2w_file(nifti(scl_inter=np.nan)), UNREADABLE
    yield 'offset of scale infinite', t2w_file(nifti(scl_inter=np.inf)), UNREADABLE
    yield 'scale that overflows', t2w_file(nifti(scl_slope=3e38)), 'NaN or infinite'
    yield 'tiny scale', t2w_file(nifti(scl_slope=1e-45)), 'sub-bad_T2w'
    yield 'huge scale', t2w_file(nifti(scl_slope=1e30)), 'sub-bad_T2w'
    yield 'unknown units', t2w_file(nifti(xyzt_units=255)), NO_ERROR
    yield 'intent of a surface', t2w_file(nifti(intent_code=1008)), NO_ERROR
    yield 'CIFTI-2 without content', t2w_file(nifti(version=2, intent_code=3001)), NO_ERROR
    yield (
        'free text of control characters',
        t2w_file(nifti(descrip=b'\x1b[2J\n\r\x07' * 9)),
        NO_ERROR,
    )
    yield 'random header after its size', t2w_file(_random_header()), 'sub-bad_T2w'


def _random_header() -> bytes:
    content = bytearray(nifti())
    content[4:344] = np.random.default_rng(3).bytes(340)
    return bytes(content)


def affines():
    """Yield images with invalid or implausible affines."""
    rows = {'srow_x': 0, 'srow_y': 1, 'srow_z': 2}

    def sform(affine, code=1, **more):
        fields = {name: tuple(affine[row]) for name, row in rows.items()}
        return t2w_file(nifti(**fields, sform_code=code, **more))

    def changed(row, column, value):
        out = AFFINE.copy()
        out[row, column] = value
        return out

    for value in (np.nan, np.inf, -np.inf):
        yield f'sform with {value}', sform(changed(0, 0, value)), NOT_FINITE
        yield f'sform placed at {value}', sform(changed(1, 3, value)), NOT_FINITE
    yield 'sform of zeros', sform(np.zeros((4, 4))), SINGULAR
    yield 'sform of ones', sform(np.ones((4, 4))), SINGULAR
    yield 'sform with an axis of zeros', sform(changed(2, 2, 0)), SINGULAR
    yield 'sform with an axis of nearly zero', sform(changed(2, 2, 1e-6)), SINGULAR
    twice = AFFINE.copy()
    twice[:3, 1] = twice[:3, 0]
    yield 'sform with one axis twice', sform(twice), SINGULAR
    yield 'sform with shear', sform(changed(0, 1, 0.5)), 'affine is sheared'
    yield 'sform of huge voxels', sform(np.diag([1e30, 1e30, 1e30, 1])), 'sub-bad_T2w'
    coarse = sform(np.diag([4.0, 4, 5, 1]), pixdim_1=4.0, pixdim_2=4.0)
    yield 'sform of coarse voxels', coarse, 'slices are too coarse'
    yield 'sform of other voxels than pixdim', sform(np.diag([1.0, 1, 1, 1])), 'its pixdim'
    yield 'sform of tall voxels', sform(changed(2, 2, 500.0)), 'sub-bad_T2w'
    for value in (1e6, 1e12, 1e30, 3e38):
        yield f'sform placed {value:g} mm away', sform(changed(0, 3, value)), 'sub-bad_T2w'
    no_position = 'does not say where left and right are'
    yield 'no sform and no qform', t2w_file(nifti(sform_code=0, qform_code=0)), no_position
    yield 'negative codes', t2w_file(nifti(sform_code=-1, qform_code=-5)), no_position
    qform = {'sform_code': 0, 'qform_code': 1}
    yield 'code 9999 of sform', t2w_file(nifti(sform_code=9999)), NO_ERROR
    for name in ('quatern_b', 'quatern_c', 'quatern_d', 'qoffset_x'):
        for value in (np.nan, np.inf, 5.0 if name != 'qoffset_x' else 1e30):
            yield (
                f'qform, {name} {value}',
                t2w_file(nifti(**qform, **{name: value})),
                'sub-bad_T2w',
            )
    yield 'qform without handedness', t2w_file(nifti(**qform, pixdim_0=0)), NO_ERROR
    yield 'qform, handedness 7', t2w_file(nifti(**qform, pixdim_0=7)), NO_ERROR
    for value in (np.nan, np.inf, -np.inf, 1e30, 1e-30):
        make = t2w_file(nifti(**qform, pixdim_2=value))
        yield f'qform, voxels of {value} mm', make, 'sub-bad_T2w'
    yield 'qform, voxels of 0 mm', t2w_file(nifti(**qform, pixdim_2=0)), 'sub-bad_T2w'
    yield 'qform, voxels of −0.9 mm', t2w_file(nifti(**qform, pixdim_2=-0.9)), NO_ERROR
    yield 'invalid qform next to a valid sform', t2w_file(nifti(quatern_b=np.nan)), NO_ERROR


def extensions():
    """Yield images with header extensions of true and of false sizes."""

    def extended(size: int, content: bytes, offset: float | None = None):
        extra = b'\1\0\0\0' + size.to_bytes(4, 'little', signed=True) + b'\x06\0\0\0' + content
        start = 348 + len(extra) if offset is None else offset
        return nifti(extra=extra, vox_offset=start)

    text = b'a remark'.ljust(24, b'\0')
    yield 'extension', t2w_file(extended(32, text)), NO_ERROR
    yield 'extension of 31 bytes', t2w_file(extended(31, text)), NO_ERROR
    for size in (0, 1, 7, -16, 33, 2**31 - 1):
        yield f'extension that claims {size} bytes', t2w_file(extended(size, text)), 'sub-bad_T2w'
    yield (
        'extension of code 9999',
        t2w_file(nifti(extra=b'\1\0\0\0\x10\0\0\0\x0f\x27\0\0' + b'\0' * 8, vox_offset=368)),
        NO_ERROR,
    )
    claimed = extended(2**31 - 16, b'', 2.0**31)
    yield 'extension of 2 GB without data', t2w_file(claimed), 'sub-bad_T2w'
    yield 'extension of 2 GB of zeros', bomb(claimed, 2.5), 'sub-bad_T2w'
    yield 'extension of 2 GB of text', bomb(claimed, 2.5, b'perivascular ' * 5), 'sub-bad_T2w'
