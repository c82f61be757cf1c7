"""Bad T2w images: bytes that no scanner wrote."""

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nibabel as nb
import numpy as np

from tests.hostile.case import USED, Case

SHAPE = (64, 80, 6)
AFFINE = np.diag([0.9, 0.9, 5.0, 1.0])
DAMAGED, UNREADABLE = 'it is damaged', 'it cannot be read, expected a NIfTI image'
SINGULAR, NOT_FINITE = 'affine is singular', 'affine holds values that are not finite'
SHAPELESS = 'unusable shape'
_MEMBER = 2**26


def noise(shape=SHAPE, dtype=np.int16) -> np.ndarray:
    """Return random numbers from 0 to 999."""
    return np.random.default_rng(len(shape)).integers(0, 1000, shape).astype(dtype)


def nifti(data: np.ndarray | None = None, version: int = 1, extra: bytes = b'', **fields) -> bytes:
    """Return a NIfTI file whose header has what ``fields`` say, however absurd.

    A tuple sets the first elements of a header's array; ``name_3`` sets its element 3.
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


def written(content: bytes, suffix: str = '.nii'):
    """Return a maker of a T2w with these bytes; ``.nii.gz`` are compressed."""

    def make(folder: Path) -> Path:
        path = folder / f'sub-bad_T2w{suffix}'
        path.write_bytes(gzip.compress(content, 1) if suffix == '.nii.gz' else content)
        return path

    return make


def as_is(content: bytes, suffix: str = '.nii.gz'):
    """Return a maker of a T2w with just these bytes."""

    def make(folder: Path) -> Path:
        path = folder / f'sub-bad_T2w{suffix}'
        path.write_bytes(content)
        return path

    return make


def bomb(start: bytes, gigabytes: float, fill: bytes = b'\0' * 64):
    """Return a maker of a small file that decompresses to ``start`` and gigabytes after it."""

    def make(folder: Path) -> Path:
        path = folder / 'sub-bad_T2w.nii.gz'
        member = gzip.compress(fill * (_MEMBER // len(fill)), 9)
        with path.open('wb') as stream:
            stream.write(gzip.compress(start))
            for _ in range(round(gigabytes * 2**30 / _MEMBER)):
                stream.write(member)
        return path

    return make


def flipped(content: bytes, place: int, bit: int = 3) -> bytes:
    """Return bytes with one bit turned over."""
    out = bytearray(content)
    out[place] ^= 1 << bit
    return bytes(out)


def cases() -> Iterator[Case]:
    """Yield all bad images."""
    for group in (
        _truncated,
        _flipped,
        _other_formats,
        _dimensions,
        _types,
        _headers,
        _places,
        _extensions,
        _voxels,
        _large,
    ):
        for name, make, says in group():
            yield Case('image', name, make, says)


def _truncated():
    plain = nifti()
    packed = gzip.compress(plain, 1, mtime=0)
    for size in (0, 1, 4, 100, 347):
        yield f'NIfTI of {size} bytes', as_is(plain[:size], '.nii'), UNREADABLE
    for size in (351, 352, 353, 400, len(plain) // 2, len(plain) - 1):
        yield f'NIfTI cut after {size} bytes', as_is(plain[:size], '.nii'), DAMAGED
    for size in (0, 1, 2, 5, 10, 18, 100):
        yield f'gzip of {size} bytes', as_is(packed[:size]), UNREADABLE
    ends = (len(packed) // 2, len(packed) - 100, len(packed) - 8, len(packed) - 4, len(packed) - 1)
    for size in ends:
        yield f'gzip cut after {size} of {len(packed)} bytes', as_is(packed[:size]), DAMAGED


def _flipped():
    plain = nifti()
    packed = gzip.compress(plain, 1, mtime=0)
    for place, what in ((0, 'magic'), (1, 'magic, second'), (2, 'method')):
        yield f'gzip, bit turned in its {what} byte', as_is(flipped(packed, place)), UNREADABLE
    for place, what in ((4, 'time'), (8, 'level'), (9, 'system')):
        yield f'gzip, bit turned in its {what}', as_is(flipped(packed, place)), USED
    yield 'gzip, flag of a name that is not there', as_is(flipped(packed, 3, 3)), 'sub-bad_T2w'
    yield 'gzip, flag of a comment that is not there', as_is(flipped(packed, 3, 4)), 'sub-bad_T2w'
    for tenth in range(1, 10):
        place = len(packed) * tenth // 10
        yield f'gzip, bit turned at {tenth}0 % of the file', as_is(flipped(packed, place)), DAMAGED
    yield 'gzip, bit turned in its checksum', as_is(flipped(packed, -8)), DAMAGED
    yield 'gzip, bit turned in its length', as_is(flipped(packed, -4)), DAMAGED
    for place, says in (
        (0, UNREADABLE),  # size of the header
        (40, UNREADABLE),  # number of axes: 3 becomes 11
        (43, DAMAGED),  # 64 voxels become 2112
        (70, UNREADABLE),  # data type: 4 becomes 12
        (344, UNREADABLE),  # magic
    ):
        name = f'NIfTI, bit turned in byte {place} of its header'
        yield name, as_is(flipped(plain, place), '.nii'), says
    yield 'NIfTI, bit turned in its voxels', as_is(flipped(plain, -1000, 0), '.nii'), USED
    yield 'NIfTI, bit turned in its free text', as_is(flipped(plain, 150), '.nii'), USED
    rng = np.random.default_rng(7)
    for number in range(12):
        content = bytearray(packed)
        for place in rng.integers(18, len(packed) - 8, 40):
            content[place] ^= int(rng.integers(1, 256))
        yield f'gzip with 40 random bytes, {number}', as_is(bytes(content)), 'sub-bad_T2w'


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
        'a pointer of git-annex': b'/annex/objects/MD5E-s1234--d41d8cd98f00b204e9800998ecf8427e',
        'PNG': b'\x89PNG\r\n\x1a\n' + b'\0' * 500,
        'DICOM': b'\0' * 128 + b'DICM' + b'\0' * 500,
        'MGH': b'\0\0\0\x01' + b'\0\0\0\x40' * 100,
        'a pickle': pickle.dumps(list(range(500))),
        'zeros': b'\0' * 1000,
        'ones': b'\xff' * 1000,
        'random bytes': np.random.default_rng(1).bytes(5000),
        'an HDF5 file': b'\x89HDF\r\n\x1a\n' + b'\0' * 600,
    }.items():
        yield f'{name}, compressed', written(content, '.nii.gz'), UNREADABLE
        yield f'{name}, as .nii', as_is(content, '.nii'), UNREADABLE
        if content:
            yield f'{name}, as .nii.gz', as_is(content), UNREADABLE
    yield 'zip archive as .nii.gz', as_is(archive.getvalue()), UNREADABLE
    yield 'tar archive as .nii.gz', as_is(tar.getvalue()), UNREADABLE
    yield 'bzip2 as .nii.gz', as_is(bz2.compress(plain)), UNREADABLE
    yield 'xz as .nii.gz', as_is(lzma.compress(plain)), UNREADABLE
    yield 'gzip as .nii', as_is(gzip.compress(plain), '.nii'), UNREADABLE
    yield 'NIfTI as .nii.gz', as_is(plain), UNREADABLE
    yield 'gzip in gzip', as_is(gzip.compress(gzip.compress(plain))), UNREADABLE
    halves = gzip.compress(plain[:999]) + gzip.compress(plain[999:])
    yield 'gzip of two members', as_is(halves), USED
    yield 'gzip, garbage after it', as_is(gzip.compress(plain) + b'garbage' * 9), DAMAGED
    yield 'gzip, zeros after it', as_is(gzip.compress(plain) + b'\0' * 999), USED
    yield 'header of a pair without its image', as_is(nifti(magic=b'ni1'), '.nii'), UNREADABLE


def _dimensions():
    for axes in (1, 2):
        data = noise(SHAPE[:axes] if axes == 2 else (64,))
        yield f'{axes}D', written(nifti(data), '.nii.gz'), f'it is {axes}D'
    for shape in ((8, 8, 6, 2), (8, 8, 6, 3, 2), (8, 8, 6, 1, 1, 2), (4, 4, 6, 2, 2, 2, 2)):
        kept = len(shape)
        yield f'{kept}D', written(nifti(noise(shape)), '.nii.gz'), f'it is {kept}D'
    yield '4D of one volume', written(nifti(noise((*SHAPE, 1))), '.nii.gz'), USED
    yield '7D of one volume', written(nifti(noise((*SHAPE, 1, 1, 1, 1))), '.nii.gz'), USED
    for axes in (0, -1, 8, 255, -32768, 32767):
        yield f'number of axes {axes}', written(nifti(dim_0=axes)), ''.join('sub-bad_T2w')
    for axis in (1, 2, 3):
        for size in (0, -1, 1, -32768, 32767):
            says = DAMAGED if size == 32767 and axis < 3 else 'sub-bad_T2w'
            yield f'{size} voxels along axis {axis}', written(nifti(**{f'dim_{axis}': size})), says
    yield 'all axes as long as can be', written(nifti(dim=(3, 32767, 32767, 32767))), SHAPELESS
    yield 'NIfTI-2, 2^62 voxels', written(nifti(version=2, dim_1=2**62)), SHAPELESS
    yield 'NIfTI-2, −2^63 voxels', written(nifti(version=2, dim_1=-(2**63))), 'sub-bad_T2w'
    yield 'NIfTI-2', written(nifti(version=2)), USED
    yield 'one slice', written(nifti(noise((64, 80, 1)))), SHAPELESS
    yield 'two slices', written(nifti(noise((64, 80, 2)))), 'too few axial slices'


def _types():
    for dtype in (np.complex64, np.complex128):
        data = noise().astype(dtype)
        yield f'{np.dtype(dtype)} voxels', written(nifti(data)), 'expected one real number'
    rgb = np.zeros(SHAPE, [(c, 'u1') for c in 'RGB'])
    rgba = np.zeros(SHAPE, [(c, 'u1') for c in 'RGBA'])
    yield 'RGB', written(nifti(rgb)), 'expected one real number'
    yield 'RGBA', written(nifti(rgba)), 'expected one real number'
    for dtype in (np.int8, np.uint16, np.int64, np.uint64, np.float64):
        data = (noise() % 100).astype(dtype)
        yield f'{np.dtype(dtype)} voxels', written(nifti(data)), USED
    swapped = nb.Nifti1Image(noise(), AFFINE).header.as_byteswapped('>')
    swapped['vox_offset'], swapped['scl_slope'], swapped['magic'] = 352, 1, b'n+1'
    swapped['scl_inter'] = 0
    content = swapped.structarr.tobytes() + b'\0' * 4 + noise().astype('>i2').tobytes(order='F')
    yield 'the other byte order', written(content), USED
    for code, bits in ((1536, 128), (1792, 128), (2048, 256)):
        data = noise((*SHAPE[:2], SHAPE[2] * bits // 16))
        make = written(nifti(data, dim=(3, *SHAPE), datatype=code, bitpix=bits))
        yield f'data type {code}, of {bits} bits', make, 'sub-bad_T2w'
    for code in (0, 1, 3, 255, 9999, -4):
        yield f'data type {code}', written(nifti(datatype=code)), 'sub-bad_T2w'
    yield 'bits per voxel that are not the type’s', written(nifti(bitpix=64)), USED
    yield 'a type larger than its data', written(nifti(datatype=64, bitpix=64)), DAMAGED


def _headers():
    for value in (0, 1, 347, 349, -1, 2**31 - 1):
        yield f'header of {value} bytes', written(nifti(sizeof_hdr=value)), UNREADABLE
    for magic in (b'', b'xxx', b'n+9', b'\xff\xff\xff\xff', b'n+2'):
        yield f'magic {magic!r}', written(nifti(magic=magic)), 'sub-bad_T2w'
    for offset in (0, 1, 100, 351, 352.5, -1, -352):
        yield f'data from byte {offset}', written(nifti(vox_offset=offset)), UNREADABLE
    for offset in (1e4, 1e6, 1e9, 1e18, 3e38):
        yield f'data from byte {offset:g}', written(nifti(vox_offset=offset)), 'sub-bad_T2w'
        make = written(nifti(vox_offset=offset), '.nii.gz')
        yield f'data from byte {offset:g}, compressed', make, 'sub-bad_T2w'
    for value in (np.nan, np.inf, -np.inf):
        yield f'data from byte {value}', written(nifti(vox_offset=value)), UNREADABLE
    yield 'scale 0 (none)', written(nifti(scl_slope=0)), USED
    yield 'scale NaN (none)', written(nifti(scl_slope=np.nan)), USED
    yield 'scale −1', written(nifti(scl_slope=-1)), USED
    yield 'scale infinite', written(nifti(scl_slope=np.inf)), USED
    yield 'offset of scale NaN', written(nifti(scl_inter=np.nan)), UNREADABLE
    yield 'offset of scale infinite', written(nifti(scl_inter=np.inf)), UNREADABLE
    yield 'scale that overflows', written(nifti(scl_slope=3e38)), 'NaN or infinite'
    yield 'scale of next to nothing', written(nifti(scl_slope=1e-45)), 'sub-bad_T2w'
    yield 'huge scale', written(nifti(scl_slope=1e30)), 'sub-bad_T2w'
    yield 'units that are none', written(nifti(xyzt_units=255)), USED
    yield 'intent of a surface', written(nifti(intent_code=1008)), USED
    yield 'CIFTI-2 of no content', written(nifti(version=2, intent_code=3001)), USED
    yield 'free text of control characters', written(nifti(descrip=b'\x1b[2J\n\r\x07' * 9)), USED
    yield 'all header after its size random', written(_random_header()), 'sub-bad_T2w'


def _random_header() -> bytes:
    content = bytearray(nifti())
    content[4:344] = np.random.default_rng(3).bytes(340)
    return bytes(content)


def _places():
    rows = {'srow_x': 0, 'srow_y': 1, 'srow_z': 2}

    def sform(affine, code=1, **more):
        fields = {name: tuple(affine[row]) for name, row in rows.items()}
        return written(nifti(**fields, sform_code=code, **more))

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
    yield 'sform with an axis of nearly nothing', sform(changed(2, 2, 1e-6)), SINGULAR
    twice = AFFINE.copy()
    twice[:3, 1] = twice[:3, 0]
    yield 'sform with one axis twice', sform(twice), SINGULAR
    yield 'sform with shear', sform(changed(0, 1, 0.5)), 'affine is sheared'
    yield 'sform of huge voxels', sform(np.diag([1e30, 1e30, 1e30, 1])), 'sub-bad_T2w'
    yield 'sform of coarse voxels', sform(np.diag([4.0, 4, 5, 1])), 'slices are too coarse'
    yield 'sform of tall voxels', sform(changed(2, 2, 500.0)), 'sub-bad_T2w'
    for value in (1e6, 1e12, 1e30, 3e38):
        yield f'sform placed {value:g} mm away', sform(changed(0, 3, value)), 'sub-bad_T2w'
    nothing = 'does not say where left and right are'
    yield 'no sform and no qform', written(nifti(sform_code=0, qform_code=0)), nothing
    yield 'codes below 0', written(nifti(sform_code=-1, qform_code=-5)), nothing
    qform = {'sform_code': 0, 'qform_code': 1}
    yield 'code 9999 of sform', written(nifti(sform_code=9999)), USED
    for name in ('quatern_b', 'quatern_c', 'quatern_d', 'qoffset_x'):
        for value in (np.nan, np.inf, 5.0 if name != 'qoffset_x' else 1e30):
            yield f'qform, {name} {value}', written(nifti(**qform, **{name: value})), 'sub-bad_T2w'
    yield 'qform without handedness', written(nifti(**qform, pixdim_0=0)), USED
    yield 'qform, handedness 7', written(nifti(**qform, pixdim_0=7)), USED
    for value in (np.nan, np.inf, -np.inf, 1e30, 1e-30):
        make = written(nifti(**qform, pixdim_2=value))
        yield f'qform, voxels of {value} mm', make, 'sub-bad_T2w'
    yield 'qform, voxels of 0 mm', written(nifti(**qform, pixdim_2=0)), 'sub-bad_T2w'
    yield 'qform, voxels of −0.9 mm', written(nifti(**qform, pixdim_2=-0.9)), USED
    yield 'qform absurd beside a good sform', written(nifti(quatern_b=np.nan)), USED


def _extensions():
    def extended(size: int, content: bytes, offset: float | None = None):
        extra = b'\1\0\0\0' + size.to_bytes(4, 'little', signed=True) + b'\x06\0\0\0' + content
        where = 348 + len(extra) if offset is None else offset
        return nifti(extra=extra, vox_offset=where)

    text = b'a remark'.ljust(24, b'\0')
    yield 'extension', written(extended(32, text)), USED
    yield 'extension of 31 bytes', written(extended(31, text)), USED
    for size in (0, 1, 7, -16, 33, 2**31 - 1):
        yield f'extension that claims {size} bytes', written(extended(size, text)), 'sub-bad_T2w'
    yield (
        'extension of code 9999',
        written(nifti(extra=b'\1\0\0\0\x10\0\0\0\x0f\x27\0\0' + b'\0' * 8, vox_offset=368)),
        USED,
    )
    claimed = extended(2**31 - 16, b'', 2.0**31)
    yield 'extension of 2 GB that is not there', written(claimed), 'sub-bad_T2w'
    yield 'extension of 2 GB of zeros', bomb(claimed, 2.5), 'sub-bad_T2w'
    yield 'extension of 2 GB of text', bomb(claimed, 2.5, b'perivascular ' * 5), 'sub-bad_T2w'


def _voxels():
    def changed(value, dtype=np.float32, everywhere=False):
        data = noise().astype(dtype)
        data[(...,) if everywhere else (3, 4, 5)] = value
        return written(nifti(data), '.nii.gz')

    for value in (np.nan, np.inf, -np.inf):
        yield f'one voxel {value}', changed(value), 'received 1 that are NaN or infinite'
        yield f'all voxels {value}', changed(value, everywhere=True), 'NaN or infinite'
    for value in (1e300, -1e300, np.nan):
        yield f'one float64 voxel {value}', changed(value, np.float64), 'NaN or infinite'
    for value in (0, 7, -3, 1e30):
        says = f'received the value {value:g} in every voxel' if value < 1e29 else 'sub-bad_T2w'
        yield f'all voxels {value}', changed(value, everywhere=True), says
    yield 'one voxel of 3e38', changed(3e38), 'sub-bad_T2w'
    yield 'one voxel of −1e25', changed(-1e25), 'sub-bad_T2w'
    tiny = (noise() / 1000 * 1e-42).astype(np.float32)
    yield 'voxels below 1e-40', written(nifti(tiny)), 'sub-bad_T2w'
    nearly = np.full(SHAPE, 1e6, np.float64) + noise() * 1e-9
    yield 'voxels that single precision cannot tell apart', written(nifti(nearly)), 'it is empty'


def _large():
    def claims(shape, kind=(4, 16)):
        return nifti(dim=(len(shape), *shape), datatype=kind[0], bitpix=kind[1])

    for shape in ((500, 500, 500), (812, 812, 812), (2000, 2000, 200)):
        name = ' × '.join(map(str, shape))
        yield f'{name} voxels that are not there', written(claims(shape)), 'sub-bad_T2w'
        make = written(claims(shape), '.nii.gz')
        yield f'{name} voxels that are not there, compressed', make, 'sub-bad_T2w'
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
    yield 'as many voxels as can be, and 1 GB of zeros', bomb(start, 1), SHAPELESS
