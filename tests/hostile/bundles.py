"""Bad cascades: incomplete, altered, forged."""

import base64
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from pvs_workflow import data
from pvs_workflow.networks.bundle import _sha256
from tests.hostile.case import Case

DEEP = '[' * 200_000


def prepare(folder: Path) -> Path:
    """Copy the cascade that ships."""
    return Path(shutil.copytree(data.path('cascade'), folder / 'cascade'))


def cases() -> Iterator[Case]:
    """Yield all bad cascades."""
    for name, change, says in (*_files(), *_cards(), *_archives(), *_layers(), *_weights()):
        yield Case('bundle', name, change, says)


def _files():
    for name in ('card.json', 'enhancer.keras', 'counter.keras'):

        def missing(path, name=name):
            (path / name).unlink()

        def pipe(path, name=name):
            (path / name).unlink()
            os.mkfifo(path / name)

        def folder(path, name=name):
            (path / name).unlink()
            (path / name).mkdir()

        yield f'without {name}', missing, f'received no {name}'
        yield f'{name} a pipe', pipe, f'received no {name}'
        yield f'{name} a folder', folder, f'received no {name}'
    for name in ('enhancer.keras', 'counter.keras'):

        def cut(path, name=name):
            (path / name).write_bytes((path / name).read_bytes()[:-1000])

        def turned(path, name=name):
            content = bytearray((path / name).read_bytes())
            content[len(content) // 2] ^= 1
            (path / name).write_bytes(content)

        def huge(path, name=name):
            with (path / name).open('r+b') as stream:
                stream.truncate(30 * 2**30)

        def endless(path, name=name):
            (path / name).unlink()
            (path / name).symlink_to('/dev/zero')

        yield f'{name} cut off', cut, 'was altered'
        yield f'{name} with a bit turned', turned, 'was altered'
        yield f'{name} of 30 GB', huge, 'cascade'
        yield f'{name} an endless device', endless, f'received no {name}'

    def swapped(path):
        for one, other in (('enhancer', 'x'), ('counter', 'enhancer'), ('x', 'counter')):
            (path / f'{one}.keras').rename(path / f'{other}.keras')

    yield 'networks in each other’s place', swapped, 'was altered'
    yield 'networks in each other’s place, forged', _forged(swapped), 'wrong shape'

    def nothing(path):
        shutil.rmtree(path)

    def a_file(path):
        shutil.rmtree(path)
        path.write_text('x')

    def loop(path):
        shutil.rmtree(path)
        path.symlink_to(path.name)

    yield 'nothing there', nothing, 'expected a folder with card.json'
    yield 'a file', a_file, 'expected a folder with card.json'
    yield 'a link to itself', loop, 'expected a folder with card.json'


def _forged(change: Callable[[Path], object]) -> Callable[[Path], None]:
    """Give the card the checksums of what was changed, as a forger would."""

    def make(path: Path) -> None:
        change(path)
        card = json.loads((path / 'card.json').read_text())
        card['checksums'] = {name: _sha256(path / name) for name in card['checksums']}
        (path / 'card.json').write_text(json.dumps(card))

    return make


def _cards():
    def card(content: str | bytes):
        def make(path):
            text = content if isinstance(content, bytes) else content.encode()
            (path / 'card.json').write_bytes(text)

        return make

    def field(*names, value):
        def make(path):
            values = json.loads((path / 'card.json').read_text())
            place = values
            for name in names[:-1]:
                place = place[name]
            place[names[-1]] = value
            (path / 'card.json').write_text(json.dumps(values).replace('"<1e999>"', '1e999'))

        return make

    for what, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 999,
        'that is no UTF-8': b'{"format": "\xff"}',
        'of 200,000 brackets': DEEP,
        'that is a list': '[1, 2]',
        'of another program': '{"format": "something else"}',
        'of 100 MB': '{"format": "' + ' ' * 10**8 + '"}',
    }.items():
        yield f'a card {what}', card(content), 'cascade'
    large = 10**400
    for what, change in {
        'version 99': field('format_version', value=99),
        'a version of 400 digits': field('format_version', value=large),
        'a field too many': field('execute', value='rm -rf'),
        'a number for a name': field('name', value=7),
        'line breaks in its name': field('name', value='a\nb\tc'),
        'half a character in its name': field('name', value='\ud800'),
        'a name of 1 MB': field('name', value='a' * 10**6),
        'a count scale of 0': field('architecture', 'count_scale', value=0),
        'an infinite count scale': field('architecture', 'count_scale', value='<1e999>'),
        'a count scale of 400 digits': field('architecture', 'count_scale', value=large),
        'images of another size': field('architecture', 'image_shape', value=[10**6, 10**6]),
        'checksums that are no text': field('checksums', 'counter.keras', value=7),
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
        'a reference of no numbers': field('reference', 'mean', value=[None] * 50),
        'an emphasis of 400 digits': field('emphasis', 'weight', value=large),
        'an infinite emphasis': field('emphasis', 'weight', value='<1e999>'),
    }.items():
        yield f'a card with {what}', change, 'cascade'


def _rewritten(name: str, change: Callable[[dict[str, bytes]], None], method=zipfile.ZIP_DEFLATED):
    """Change the members of a keras file, and forge the card."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path / name) as archive:
            members = {item: archive.read(item) for item in archive.namelist()}
        change(members)
        with zipfile.ZipFile(path / name, 'w', method) as archive:
            for item, content in members.items():
                archive.writestr(item, content)

    return _forged(make)


def _archives():
    name = 'counter.keras'

    def content(value: bytes):
        return _forged(lambda path: (path / name).write_bytes(value))

    yield 'a network of no bytes', content(b''), 'expected a .keras file'
    yield 'a network of text', content(b'weights' * 999), 'expected a .keras file'
    pickled = pickle.dumps(_Hack('network'))
    yield 'a pickle as network', content(pickled), 'expected a .keras file'
    old = io.BytesIO()
    with h5py.File(old, 'w') as file:
        file.attrs['model_config'] = json.dumps({'class_name': 'Sequential', 'config': {}})
    yield 'an older HDF5 network', content(old.getvalue()), 'expected a .keras file'

    def drop(item):
        return lambda members: members.pop(item)

    yield 'no description', _rewritten(name, drop('config.json')), 'expected a .keras file'
    yield 'no weights', _rewritten(name, drop('model.weights.h5')), 'network'

    def set_to(item, value):
        return lambda members: members.update({item: value})

    for what, value in {
        'of no bytes': b'',
        'that is no UTF-8': b'\xff\xfe\xff',
        'of 200,000 brackets': DEEP.encode(),
        'of 900 brackets': b'[' * 900 + b']' * 900,
        'that is a number': b'7',
        'of 1 GB': b' ' * 2**30,
    }.items():
        yield f'a description {what}', _rewritten(name, set_to('config.json', value)), 'network'
    path_like = set_to('../../../hacked', b'x')
    yield 'a member that leads out', _rewritten(name, path_like), 'network'
    absolute = set_to('/tmp/pvs_hacked', b'x')
    yield 'a member with a path from the root', _rewritten(name, absolute), 'network'
    more = set_to('assets/hack.py', b'import os')
    yield 'a member too many', _rewritten(name, more), 'network'

    def zeros(path):
        with zipfile.ZipFile(path / name) as archive:
            config = archive.read('config.json')
        with zipfile.ZipFile(path / name, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr('config.json', config)
            archive.writestr('metadata.json', '{}')
            with archive.open('model.weights.h5', 'w', force_zip64=True) as stream:
                for _ in range(40):
                    stream.write(b'\0' * 2**26)

    yield 'weights of gigabytes of zeros', _forged(zeros), 'network'

    def many(members):
        members.update({f'assets/{number}': b'' for number in range(20_000)})

    yield '20,000 members', _rewritten(name, many), 'network'
    for flag in ('encrypted', 'lying about its size'):

        def lie(path, flag=flag):
            raw = bytearray((path / name).read_bytes())
            at = raw.rfind(b'PK\x01\x02')
            place = 8 if flag == 'encrypted' else 24
            raw[at + place] = raw[at + place] ^ 1 if flag == 'encrypted' else 9
            raw[at + 25 : at + 28] = b'\0\0\0' if flag != 'encrypted' else raw[at + 25 : at + 28]
            (path / name).write_bytes(raw)

        yield f'an archive {flag}', _forged(lie), 'network'


class _Hack:
    """Unpickled, it would leave a file behind."""

    def __init__(self, where: str):
        self.where = where

    def __reduce__(self):
        return os.mkdir, (f'/tmp/pvs_hacked_{self.where}',)


def _layers():
    name = 'counter.keras'

    def layers(change):
        def on(members):
            config = json.loads(members['config.json'])
            change(config)
            members['config.json'] = json.dumps(config).encode()

        return _rewritten(name, on)

    def first(kind):
        def find(config):
            return next(la for la in config['config']['layers'] if la['class_name'] == kind)

        return find

    conv = first('Conv2D')
    code = base64.b64encode(pickle.dumps(_Hack('lambda'))).decode()

    def replace(module, kind, **config):
        def change(all_):
            conv(all_).update(module=module, class_name=kind, registered_name=None)
            conv(all_)['config'].update(config)

        return layers(change)

    function = {'class_name': '__lambda__', 'config': {'value': code}}
    refused = 'could run code'
    yield 'a pickled lambda', replace('keras.layers', 'Lambda', function=function), refused
    named = {'module': 'os', 'class_name': 'function', 'config': 'system', 'registered_name': 'x'}
    yield 'a function of os', replace('keras.layers', 'Lambda', function=named), refused
    yield 'a class of os', replace('os', 'system'), refused
    yield 'a class of subprocess', replace('subprocess', 'Popen', args=['true']), refused
    yield 'a class of nowhere', replace('hack', 'Hack'), refused
    yield 'a class that was registered', replace(None, 'my>Hack'), refused
    tfsm = replace('keras.layers', 'TFSMLayer', filepath='/tmp/hack')
    yield 'a saved TensorFlow graph', tfsm, refused
    yield (
        'a layer that reads files',
        replace('keras.layers', 'StringLookup', vocabulary='/etc/passwd'),
        refused,
    )

    def inside(**values):
        return layers(lambda all_: conv(all_)['config'].update(values))

    yield 'a function for activation', inside(activation=named), refused
    yield 'a lambda for activation', inside(activation=function), refused
    hidden = {'a': [{'b': {'module': 'builtins', 'class_name': 'eval', 'config': '1'}}]}
    yield 'a class deep inside', inside(hidden=hidden), refused
    numpy = {'class_name': '__numpy__', 'config': {'value': [1], 'dtype': 'O'}}
    yield 'an array of objects', inside(hidden=numpy), refused
    yield 'a class name that is a list', inside(hidden={'class_name': ['a'], 'config': 1}), refused
    yield 'an activation that is not there', inside(activation='hack'), 'network'
    yield 'a billion filters', inside(filters=10**9), 'network'
    yield 'filters of 400 digits', inside(filters=10**400), 'network'
    yield 'a kernel of a million pixels', inside(kernel_size=[10**6, 10**6]), 'network'
    yield '20,000 filters', inside(filters=20_000), 'network'
    yield 'no filters', inside(filters=0), 'network'
    yield 'filters below none', inside(filters=-3), 'network'
    yield 'voxels of text', inside(dtype='string'), 'network'

    def endless(all_):
        conv(all_)['inbound_nodes'] = [conv(all_)['inbound_nodes'][0]] * 2
        conv(all_)['inbound_nodes'][0]['args'] = [
            {
                'class_name': '__keras_tensor__',
                'config': {
                    'shape': [None, 80, 96, 1],
                    'dtype': 'float32',
                    'keras_history': [conv(all_)['name'], 0, 0],
                },
            }
        ]

    yield 'a layer that feeds itself', layers(endless), 'network'

    def no_layers(all_):
        all_['config']['layers'] = []

    yield 'no layers', layers(no_layers), 'network'

    def shape(all_):
        first('InputLayer')(all_)['config']['batch_shape'] = [None, 10**5, 10**5, 1]

    yield 'images of ten billion pixels', layers(shape), 'network'

    def compiled(all_):
        all_['compile_config'] = {
            'optimizer': {'module': 'os', 'class_name': 'system', 'config': 'true'}
        }

    yield 'an optimiser of os', layers(compiled), refused


def _weights():
    name = 'counter.keras'

    def weights(change):
        def on(members):
            stream = io.BytesIO(members['model.weights.h5'])
            with h5py.File(stream, 'r+') as file:
                change(file)
            members['model.weights.h5'] = stream.getvalue()

        return _rewritten(name, on)

    def one(file):
        found = []
        file.visititems(
            lambda path, item: found.append(path) if isinstance(item, h5py.Dataset) else None
        )
        return found[0]

    def external(file):
        path = one(file)
        shape = file[path].shape
        del file[path]
        size = int(np.prod(shape)) * 4
        file.create_dataset(path, shape, 'f4', external=[('/etc/passwd', 0, size)])

    def soft(file):
        path = one(file)
        del file[path]
        file[path] = h5py.ExternalLink('/etc/passwd', '/')

    def huge(file):
        path = one(file)
        del file[path]
        file.create_dataset(path, (3 * 10**9,), 'f4', chunks=(2**22,), compression='gzip')

    def wrong(file):
        path = one(file)
        del file[path]
        file[path] = np.zeros((2, 2), np.float32)

    def text(file):
        path = one(file)
        del file[path]
        file[path] = 'text'

    def objects(file):
        path = one(file)
        del file[path]
        file.create_dataset(path, (4,), h5py.string_dtype())

    def nan(file):
        file[one(file)][...] = np.nan

    def gone(file):
        for key in list(file):
            del file[key]

    yield 'weights in a file elsewhere', weights(external), 'network'
    yield 'weights that link to a file elsewhere', weights(soft), 'network'
    yield 'weights that claim 12 GB', weights(huge), 'network'
    yield 'weights of another shape', weights(wrong), 'network'
    yield 'weights of text', weights(text), 'network'
    yield 'weights of texts of any length', weights(objects), 'network'
    yield 'weights of NaN', weights(nan), 'network'
    yield 'no weights in the file', weights(gone), 'network'

    def garbage(members):
        members['model.weights.h5'] = b'\x89HDF\r\n\x1a\n' + bytes(range(256)) * 99

    def cut(members):
        members['model.weights.h5'] = members['model.weights.h5'][:5000]

    yield 'weights of garbage', _rewritten(name, garbage), 'network'
    yield 'weights cut off', _rewritten(name, cut), 'network'
