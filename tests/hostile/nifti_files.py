"""Makers of NIfTI files with arbitrary headers, and the messages about bad ones."""

import gzip
from pathlib import Path

import nibabel as nb
import numpy as np

SHAPE = (64, 80, 6)
AFFINE = np.diag([0.9, 0.9, 5.0, 1.0])
DAMAGED, UNREADABLE = 'it is damaged', 'it is not a readable NIfTI image'
SINGULAR, NOT_FINITE = 'affine is singular', 'affine has NaN or infinite entries'
SHAPELESS = 'unusable shape'
_MEMBER = 2**26  # bytes of a gzip member


def noise(shape=SHAPE, dtype=np.int16) -> np.ndarray:
    """Return random numbers from 0 to 999."""
    return np.random.default_rng(len(shape)).integers(0, 1000, shape).astype(dtype)


def nifti(data: np.ndarray | None = None, version: int = 1, extra: bytes = b'', **fields) -> bytes:
    """Return a NIfTI file whose header has the given fields, without any check.

    A tuple sets the first elements of an array in the header; ``name_3`` sets its element 3.
    """
    data = noise() if data is None else data
    kind = {1: nb.Nifti1Image, 2: nb.Nifti2Image}[version]
    image = kind(data, AFFINE, dtype=data.dtype)
    image.set_qform(AFFINE, 1)
    header = image.header.structarr.copy()
    header['magic'] = b'n+1' if version == 1 else b'n+2\0\r\n\x1a\n'
    header['vox_offset'] = 352 if version == 1 else 544
    header['scl_slope'], header['scl_inter'] = 1, 0
    for name, value in fields.items():
        if name[-1].isdigit() and '_' in name and name not in header.dtype.names:
            name, _, index = name.rpartition('_')
            header[name][int(index)] = value
        elif isinstance(value, tuple):
            header[name][: len(value)] = value
        else:
            header[name] = value
    extension = extra or b'\0\0\0\0'
    return header.tobytes() + extension + data.tobytes(order='F')


def t2w_file(content: bytes, suffix: str = '.nii'):
    """Return a function that writes a T2w with this content; ``.nii.gz`` is compressed."""

    def make(folder: Path) -> Path:
        path = folder / f'sub-bad_T2w{suffix}'
        path.write_bytes(gzip.compress(content, 1) if suffix == '.nii.gz' else content)
        return path

    return make


def raw_file(content: bytes, suffix: str = '.nii.gz'):
    """Return a function that writes a T2w with these bytes, uncompressed."""

    def make(folder: Path) -> Path:
        path = folder / f'sub-bad_T2w{suffix}'
        path.write_bytes(content)
        return path

    return make


def bomb(start: bytes, gigabytes: float, fill: bytes = b'\0' * 64):
    """Return a function that writes a small file of ``start`` and compressed gigabytes."""

    def make(folder: Path) -> Path:
        path = folder / 'sub-bad_T2w.nii.gz'
        member = gzip.compress(fill * (_MEMBER // len(fill)), 9)
        with path.open('wb') as stream:
            stream.write(gzip.compress(start))
            for _ in range(round(gigabytes * 2**30 / _MEMBER)):
                stream.write(member)
        return path

    return make


def flip_bit(content: bytes, index: int, bit: int = 3) -> bytes:
    """Return bytes with one bit flipped."""
    out = bytearray(content)
    out[index] ^= 1 << bit
    return bytes(out)
