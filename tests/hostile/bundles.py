"""Bad cascades: incomplete, altered or forged."""

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from pvs_workflow import data
from pvs_workflow.networks.card import WEIGHTS
from tests.hostile.case import Case

DEEP = '[' * 200_000


def prepare(folder: Path) -> Path:
    """Copy the shipped cascade."""
    return Path(shutil.copytree(data.path('cascade'), folder / 'cascade'))


def cases() -> Iterator[Case]:
    """Yield all bad cascades."""
    for name, change, message in (*_folders(), *_files(), *_cards(), *_contents(), *_arrays()):
        yield Case('bundle', name, change, message)


def _folders():
    def nothing(path):
        shutil.rmtree(path)

    def a_file(path):
        shutil.rmtree(path)
        path.write_text('x')

    def loop(path):
        shutil.rmtree(path)
        path.symlink_to(path.name)

    yield 'nothing there', nothing, 'it is not a folder with card.json'
    yield 'a file', a_file, 'it is not a folder with card.json'
    yield 'a link to itself', loop, 'it is not a folder with card.json'


def _files():
    def pipe(file):
        file.unlink()
        os.mkfifo(file)

    def folder(file):
        file.unlink()
        file.mkdir()

    def endless(file):
        file.unlink()
        file.symlink_to('/dev/zero')

    def truncate(file):
        file.write_bytes(file.read_bytes()[:-1000])

    def flip_bit(file):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

    def huge(file):
        with file.open('r+b') as stream:
            stream.truncate(30 * 2**30)

    def change_file(name, change):
        return lambda path: change(path / name)

    for name in ('card.json', *WEIGHTS):
        message = 'it is not a folder with' if name == 'card.json' else f'{name} is missing'
        yield f'without {name}', change_file(name, Path.unlink), message
        yield f'{name} a pipe', change_file(name, pipe), message
        yield f'{name} a folder', change_file(name, folder), message
        yield f'{name} an endless device', change_file(name, endless), message
    for name in WEIGHTS:
        yield f'{name} truncated', change_file(name, truncate), 'was altered'
        yield f'{name} with a flipped bit', change_file(name, flip_bit), 'was altered'
        yield f'{name} of 30 GB', change_file(name, huge), '30720 MB, more than the 512 MB'

    def swapped(path):
        one, other = (path / name for name in WEIGHTS)
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)

    yield 'swapped networks', swapped, 'was altered'
    yield 'swapped networks, forged', _forge_card(swapped), 'its arrays are not those'


def _cards():
    def card(content: str | bytes):
        def make(path):
            text = content if isinstance(content, bytes) else content.encode()
            (path / 'card.json').write_bytes(text)

        return make

    def field(*names, value):
        def make(path):
            values = json.loads((path / 'card.json').read_text())
            parent = values
            for name in names[:-1]:
                parent = parent[name]
            parent[names[-1]] = value
            (path / 'card.json').write_text(json.dumps(values).replace('"<1e999>"', '1e999'))

        return make

    for detail, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 999,
        'that is not UTF-8': b'{"format": "\xff"}',
        'of 200,000 brackets': DEEP,
        'that is a list': '[1, 2]',
        'of another program': '{"format": "something else"}',
        'of 100 MB': '{"format": "' + ' ' * 10**8 + '"}',
    }.items():
        yield f'a card {detail}', card(content), 'cascade'
    large, net = 10**400, ('architecture', 'enhancer')
    for detail, change in {
        'version 99': field('format_version', value=99),
        'a version of 400 digits': field('format_version', value=large),
        'an extra field': field('execute', value='rm -rf'),
        'a number for a name': field('name', value=7),
        'line breaks in its name': field('name', value='a\nb\tc'),
        'a lone surrogate in its name': field('name', value='\ud800'),
        'a name of 1 MB': field('name', value='a' * 10**6),
        'a count scale of 0': field('architecture', 'count_scale', value=0),
        'an infinite count scale': field('architecture', 'count_scale', value='<1e999>'),
        'a count scale of 400 digits': field('architecture', 'count_scale', value=large),
        'images of another size': field('architecture', 'image_shape', value=[10**6, 10**6]),
        'a billion filters': field(*net, 'width', value=10**9),
        'filters of 400 digits': field(*net, 'width', value=large),
        'a negative number of filters': field(*net, 'width', value=-3),
        'half a filter': field(*net, 'width', value=0.5),
        'a thousand levels': field(*net, 'depth', value=1000),
        'an enhancer of text': field(*net, value='U-Net'),
        'a layer of code': field(*net, 'layers', value=[{'class_name': 'Lambda'}]),
        'a momentum of text': field(*net, 'batch_norm_momentum', value='__import__'),
        '20,000 filters': field('architecture', 'counter', 'filters', value=[20_000] * 5),
        'a million layers': field('architecture', 'counter', 'filters', value=[1] * 10**5),
        'strides of 0': field('architecture', 'counter', 'strides', value=[0] * 5),
        'no layers': field('architecture', 'counter', value={'filters': [], 'strides': []}),
        'checksums that are not text': field('checksums', WEIGHTS[1], value=7),
        'a checksum of a third file': field('checksums', '../../x', value='0' * 64),
        'preprocessing of text': field('preprocessing', 'upper', value='2'),
        'infinite preprocessing': field('preprocessing', 'upper', value='<1e999>'),
        'preprocessing of 400 digits': field('preprocessing', 'upper', value=large),
        'a margin of a billion pixels': field('preprocessing', 'margin', value=10**9),
        'a function for preprocessing': field('preprocessing', 'outside', value='__import__'),
        'a list for preprocessing': field('preprocessing', value=[1]),
        'an empty calibration': field('calibration', value={}),
        'a calibration of text': field('calibration', 'levels', value='abc'),
        'a calibration of 400 digits': field('calibration', 'low', value=[-large]),
        'an infinite calibration': field('calibration', 'coverage', value='<1e999>'),
        'nested residuals': field('calibration', 'residuals', value=[[[1]]]),
        'a reference of text': field('reference', 'limit', value='x'),
        'an infinite reference': field('reference', 'limit', value='<1e999>'),
        'a reference of 400 digits': field('reference', 'limit', value=large),
        'a reference without numbers': field('reference', 'mean', value=[None] * 50),
        'an emphasis of 400 digits': field('emphasis', 'weight', value=large),
        'an infinite emphasis': field('emphasis', 'weight', value='<1e999>'),
    }.items():
        yield f'a card with {detail}', change, 'cascade'


def _forge_card(change: Callable[[Path], object]) -> Callable[[Path], None]:
    """Return a function that changes a bundle and writes matching checksums to its card."""

    def make(path: Path) -> None:
        change(path)
        card = json.loads((path / 'card.json').read_text())
        card['checksums'] = {
            name: sha256((path / name).read_bytes()).hexdigest() for name in WEIGHTS
        }
        (path / 'card.json').write_text(json.dumps(card))

    return make


class _Hack:
    """Object that creates a folder when unpickled."""

    def __reduce__(self):
        return os.mkdir, ('/tmp/pvs_hacked',)


def _contents():
    """Yield forged files that are not safetensors, or have false headers."""

    def header(described, rest: bytes = b'\0' * 64) -> bytes:
        text = described if isinstance(described, bytes) else json.dumps(described).encode()
        return struct.pack('<Q', len(text)) + text + rest

    def array(dtype='F32', shape=(4,), offsets=(0, 16)):
        return {'map/bias': {'dtype': dtype, 'shape': shape, 'data_offsets': offsets}}

    for detail, content in {
        'of no bytes': b'',
        'of text': b'weights' * 999,
        'of zeros': b'\0' * 9999,
        'that are a pickle': pickle.dumps(_Hack()),
        'that are a zip': b'PK\x03\x04' + b'\0' * 9999,
        'with a header of exabytes': struct.pack('<Q', 2**62) + b'{}',
        'with a header of 200,000 brackets': header(DEEP.encode()),
        'with a header that is not UTF-8': header(b'{"\xff\xfe": 1}'),
        'with a header that is a list': header([1, 2]),
        'with an array of text': header(array(dtype='STR')),
        'with an array of complex numbers': header(array('C64', (8,), (0, 64))),
        'with an array of bfloat16': header(array('BF16', (32,), (0, 64))),
        'with an array that claims 12 GB': header(array(shape=(3 * 10**9,))),
        'with an array of 2⁶⁴ numbers': header(array(shape=(2**32, 2**32))),
        'with an array before its file': header(array(offsets=(-16, 0))),
        'with an array beyond its file': header(array(offsets=(2**40, 2**40 + 16))),
        'with arrays that overlap': header(array() | {'b': array()['map/bias']}, b'\0' * 16),
        'with an array of half a number': header(array(shape=(1.5,))),
    }.items():
        change = _forge_card(
            lambda path, content=content: (path / WEIGHTS[1]).write_bytes(content)
        )
        yield f'weights {detail}', change, f'cannot be used: {WEIGHTS[1]}: it'


def _arrays():
    """Yield forged safetensors files whose arrays do not match the network."""

    def arrays(change):
        def make(path):
            content = load_file(path / WEIGHTS[1])
            change(content)
            save_file(content, path / WEIGHTS[1])

        return _forge_card(make)

    def bias(value):
        return arrays(lambda content: content.update({'map/bias': np.array(value)}))

    yield 'no arrays', arrays(dict.clear), 'its arrays are not those'
    missing = arrays(lambda content: content.pop('map/bias'))
    yield 'a missing array', missing, 'its arrays are not those'
    more = arrays(lambda content: content.update({'../x': np.zeros(1, np.float32)}))
    yield 'an extra array', more, 'its arrays are not those'
    yield 'an array of another shape', bias(np.zeros((2, 2), np.float32)), 'received float32 of'
    yield 'an empty array', bias(np.zeros(0, np.float32)), 'received float32 of (0,)'
    yield 'an array of float64', bias(np.zeros(1)), 'received float64 of (1,)'
    yield 'an array of bytes', bias(np.zeros(1, np.uint8)), 'received uint8 of (1,)'
    yield 'an array of NaN', bias(np.full(1, np.nan, np.float32)), 'has NaN or infinite'
    yield (
        'an array of infinity',
        bias(np.full(1, np.inf, np.float32)),
        'has NaN or infinite',
    )
