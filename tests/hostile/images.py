"""Bad T2w images: damaged files, other formats and unusable voxels."""

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Iterator

import numpy as np

from tests.hostile import image_headers
from tests.hostile.case import NO_ERROR, Case
from tests.hostile.nifti_files import (
    DAMAGED,
    SHAPE,
    SHAPELESS,
    UNREADABLE,
    bomb,
    flip_bit,
    nifti,
    noise,
    raw_file,
    t2w_file,
)


def cases() -> Iterator[Case]:
    """Yield all bad images."""
    for group in (
        _truncated,
        _flipped_bits,
        _other_formats,
        image_headers.dimensions,
        image_headers.types,
        image_headers.headers,
        image_headers.affines,
        image_headers.extensions,
        _voxels,
        _large,
    ):
        for name, make, message in group():
            yield Case('image', name, make, message)


def _truncated():
    plain = nifti()
    packed = gzip.compress(plain, 1, mtime=0)
    for size in (0, 1, 4, 100, 347):
        yield f'NIfTI of {size} bytes', raw_file(plain[:size], '.nii'), UNREADABLE
    for size in (351, 352, 353, 400, len(plain) // 2, len(plain) - 1):
        yield f'NIfTI truncated after {size} bytes', raw_file(plain[:size], '.nii'), DAMAGED
    for size in (0, 1, 2, 5, 10, 18, 100):
        yield f'gzip of {size} bytes', raw_file(packed[:size]), UNREADABLE
    ends = (len(packed) // 2, len(packed) - 100, len(packed) - 8, len(packed) - 4, len(packed) - 1)
    for size in ends:
        yield (
            f'gzip truncated after {size} of {len(packed)} bytes',
            raw_file(packed[:size]),
            DAMAGED,
        )


def _flipped_bits():
    plain = nifti()
    packed = gzip.compress(plain, 1, mtime=0)
    for index, detail in ((0, 'magic'), (1, 'magic, second'), (2, 'method')):
        yield (
            f'gzip, bit flipped in its {detail} byte',
            raw_file(flip_bit(packed, index)),
            UNREADABLE,
        )
    for index, detail in ((4, 'time'), (8, 'level'), (9, 'system')):
        yield f'gzip, bit flipped in its {detail}', raw_file(flip_bit(packed, index)), NO_ERROR
    yield 'gzip, flag of a missing name', raw_file(flip_bit(packed, 3, 3)), 'sub-bad_T2w'
    yield 'gzip, flag of a missing comment', raw_file(flip_bit(packed, 3, 4)), 'sub-bad_T2w'
    for tenth in range(1, 10):
        index = len(packed) * tenth // 10
        yield (
            f'gzip, bit flipped at {tenth}0 % of the file',
            raw_file(flip_bit(packed, index)),
            DAMAGED,
        )
    yield 'gzip, bit flipped in its checksum', raw_file(flip_bit(packed, -8)), DAMAGED
    yield 'gzip, bit flipped in its length', raw_file(flip_bit(packed, -4)), DAMAGED
    for index, message in (
        (0, UNREADABLE),  # size of the header
        (40, UNREADABLE),  # number of axes: 3 becomes 11
        (43, DAMAGED),  # 64 voxels become 2112
        (70, UNREADABLE),  # data type: 4 becomes 12
        (344, UNREADABLE),  # magic
    ):
        name = f'NIfTI, bit flipped in byte {index} of its header'
        yield name, raw_file(flip_bit(plain, index), '.nii'), message
    yield 'NIfTI, bit flipped in its voxels', raw_file(flip_bit(plain, -1000, 0), '.nii'), NO_ERROR
    yield 'NIfTI, bit flipped in its free text', raw_file(flip_bit(plain, 150), '.nii'), NO_ERROR
    rng = np.random.default_rng(7)
    for number in range(12):
        content = bytearray(packed)
        for index in rng.integers(18, len(packed) - 8, 40):
            content[index] ^= int(rng.integers(1, 256))
        yield f'gzip with 40 random bytes, {number}', raw_file(bytes(content)), 'sub-bad_T2w'


def _other_formats():
    plain = nifti()
    archive, tar = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, 'w') as file:
        file.writestr('image.nii', plain)
    with tarfile.open(fileobj=tar, mode='w:gz') as file:
        info = tarfile.TarInfo('image.nii')
        info.size = len(plain)
        file.addfile(info, io.BytesIO(plain))
    for name, content in {
        'nothing': b'',
        'text': b'This is a T2w image.\n' * 100,
        'a web page': b'<!DOCTYPE html><html><body>404 Not Found</body></html>' * 20,
        'JSON': b'{"EchoTime": 0.1}' * 50,
        'a git-annex pointer': b'/annex/objects/MD5E-s1234--d41d8cd98f00b204e9800998ecf8427e',
        'PNG': b'\x89PNG\r\n\x1a\n' + b'\0' * 500,
        'DICOM': b'\0' * 128 + b'DICM' + b'\0' * 500,
        'MGH': b'\0\0\0\x01' + b'\0\0\0\x40' * 100,
        'a pickle': pickle.dumps(list(range(500))),
        'zeros': b'\0' * 1000,
        'ones': b'\xff' * 1000,
        'random bytes': np.random.default_rng(1).bytes(5000),
        'an HDF5 file': b'\x89HDF\r\n\x1a\n' + b'\0' * 600,
    }.items():
        yield f'{name}, compressed', t2w_file(content, '.nii.gz'), UNREADABLE
        yield f'{name}, as .nii', raw_file(content, '.nii'), UNREADABLE
        if content:
            yield f'{name}, as .nii.gz', raw_file(content), UNREADABLE
    yield 'zip archive as .nii.gz', raw_file(archive.getvalue()), UNREADABLE
    yield 'tar archive as .nii.gz', raw_file(tar.getvalue()), UNREADABLE
    yield 'bzip2 as .nii.gz', raw_file(bz2.compress(plain)), UNREADABLE
    yield 'xz as .nii.gz', raw_file(lzma.compress(plain)), UNREADABLE
    yield 'gzip as .nii', raw_file(gzip.compress(plain), '.nii'), UNREADABLE
    yield 'NIfTI as .nii.gz', raw_file(plain), UNREADABLE
    yield 'gzip in gzip', raw_file(gzip.compress(gzip.compress(plain))), UNREADABLE
    halves = gzip.compress(plain[:999]) + gzip.compress(plain[999:])
    yield 'gzip of two members', raw_file(halves), NO_ERROR
    yield 'gzip, garbage after it', raw_file(gzip.compress(plain) + b'garbage' * 9), DAMAGED
    yield 'gzip, zeros after it', raw_file(gzip.compress(plain) + b'\0' * 999), NO_ERROR
    yield 'header of a pair without its image', raw_file(nifti(magic=b'ni1'), '.nii'), UNREADABLE


def _voxels():
    def changed(value, dtype=np.float32, everywhere=False):
        data = noise().astype(dtype)
        data[(...,) if everywhere else (3, 4, 5)] = value
        return t2w_file(nifti(data), '.nii.gz')

    for value in (np.nan, np.inf, -np.inf):
        yield f'one voxel {value}', changed(value), 'NaN or infinite values in 1 of'
        yield f'all voxels {value}', changed(value, everywhere=True), 'NaN or infinite'
    for value in (1e300, -1e300, np.nan):
        yield f'one float64 voxel {value}', changed(value, np.float64), 'NaN or infinite'
    for value in (0, 7, -3, 1e30):
        message = f'every voxel has the value {value:g}' if value < 1e29 else 'sub-bad_T2w'
        yield f'all voxels {value}', changed(value, everywhere=True), message
    yield 'one voxel of 3e38', changed(3e38), 'sub-bad_T2w'
    yield 'one voxel of −1e25', changed(-1e25), 'sub-bad_T2w'
    tiny = (noise() / 1000 * 1e-42).astype(np.float32)
    yield 'voxels below 1e-40', t2w_file(nifti(tiny)), 'sub-bad_T2w'
    nearly = np.full(SHAPE, 1e6, np.float64) + noise() * 1e-9
    yield 'voxels equal in single precision', t2w_file(nifti(nearly)), 'it is empty'


def _large():
    def claims(shape, kind=(4, 16)):
        return nifti(dim=(len(shape), *shape), datatype=kind[0], bitpix=kind[1])

    for shape in ((500, 500, 500), (812, 812, 812), (2000, 2000, 200)):
        name = ' × '.join(map(str, shape))
        yield f'{name} voxels without data', t2w_file(claims(shape)), 'sub-bad_T2w'
        make = t2w_file(claims(shape), '.nii.gz')
        yield f'{name} voxels without data, compressed', make, 'sub-bad_T2w'
    yield 'small image, then 8 GB of zeros', bomb(nifti(), 8), 'sub-bad_T2w'
    yield '8 GB of zeros', bomb(b'', 8), UNREADABLE
    double = (64, 64)
    start = nifti(np.zeros((2, 2, 2), np.float64), dim=(3, 512, 512, 512))
    yield '512³ float64 of zeros', bomb(start, 1), 'it is empty'
    start = claims((812, 812, 812), double)
    yield '812³ float64 of zeros', bomb(start, 4), SHAPELESS
    yield '812³ float64 of a pattern', bomb(start, 4, np.arange(8.0).tobytes()), SHAPELESS
    start = claims((640, 640, 640))
    yield '640³ scaled int16 of a pattern', bomb(start, 0.5, np.arange(8.0).tobytes()), SHAPELESS
    start = claims((32767, 32767, 32767))
    yield 'the maximum number of voxels, and 1 GB of zeros', bomb(start, 1), SHAPELESS
