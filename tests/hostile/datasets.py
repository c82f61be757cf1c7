"""Datasets with a good participant and bad names, links, descriptions or sidecars."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.builders.datasets import make_dataset, make_image
from tests.hostile.case import NO_ERROR, Case
from tests.hostile.content import DEEP, file_maker
from tests.hostile.queries import bad_databases, bad_filters

GOOD = 'good'
T2W = 'sub-bad_T2w.nii.gz'
_LONG = 'a' * 200


def prepare(folder: Path) -> Path:
    """Make a dataset of a good participant, with an empty folder for a bad one."""
    bids = make_dataset(folder / 'bids', [f'sub-{GOOD}_T2w.nii.gz', f'sub-{GOOD}_T1w.nii.gz'])
    (bids / 'sub-bad' / 'anat').mkdir(parents=True)
    return bids


def cases() -> Iterator[Case]:
    """Yield all bad datasets."""
    for name, change, message, code in (
        *_descriptions(),
        *_special_files(),
        *_names(),
        *_sidecars(),
        *bad_filters(),
        *bad_databases(),
    ):
        yield Case('dataset', name, change, message, code)


def _descriptions():
    name = 'dataset_description.json'
    good = {'Name': 'x', 'BIDSVersion': '1.10.0'}
    for detail, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 4096,
        'that is not UTF-8': b'{"Name": "\xff\xfe", "BIDSVersion": "1.10.0"}',
        'in UTF-16': json.dumps(good).encode('utf-16'),
        'truncated': '{"Name": "x", "BIDS',
        'that is a list': '["Name", "BIDSVersion"]',
        'that is a number': '7',
        'that is a string': '"Name BIDSVersion"',
        'that is null': 'null',
        'without a name': '{"BIDSVersion": "1.10.0"}',
        'of 200,000 brackets': DEEP,
        'of 200,000 nested objects': '{"Name":' * 200_000,
        'with a number of 10,000 digits': f'{{"Name": {"9" * 10_000}}}',
        'with a name of 100,000 letters for a field': f'{{"{"a" * 100_000}": 1}}',
        'with line breaks in its fields': '{"a\\nError in line 1\\nb": 1}',
        'of 100 MB': '{"Name": "x", "BIDSVersion": "1.10.0", "a": "' + ' ' * 10**8 + '"}',
    }.items():
        yield f'a description {detail}', file_maker(name, content), 'sub-bad: no T2w', 1

    def without(bids):
        (bids / name).unlink()

    def replaced(kind):
        def make(bids):
            (bids / name).unlink()
            kind(bids / name)

        return make

    message = 'dataset_description.json'
    yield 'no description', without, 'sub-bad: no T2w', 1
    yield 'a folder as description', replaced(Path.mkdir), message, 16
    yield 'a pipe as description', replaced(os.mkfifo), message, 16
    loop = replaced(lambda path: path.symlink_to(path.name))
    yield 'a description that links to itself', loop, message, 16
    yield (
        'an endless device as description',
        replaced(lambda p: p.symlink_to('/dev/zero')),
        message,
        16,
    )
    derived = json.dumps(good | {'DatasetType': 'derivative'})
    yield 'a description of a derivative', file_maker(name, derived), 'holds derivatives', 16
    strange = json.dumps(good | {'DatasetType': ['raw'], 'DatasetDOI': 7, 'GeneratedBy': 'x'})
    yield 'a description of odd types', file_maker(name, strange), 'sub-bad: no T2w', 1
    half = '{"Name": "\\ud800", "BIDSVersion": "1.10.0"}'
    yield 'a lone surrogate in the name', file_maker(name, half), 'sub-bad: no T2w', 1

    def neither(bids):
        for path in bids.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    yield 'neither a description nor participants', neither, 'give the root of a BIDS dataset', 16


def _special_files():
    def at(kind, name=T2W):
        def make(bids):
            kind(bids / 'sub-bad' / 'anat' / name)

        return make

    def link(target):
        return at(lambda path: path.symlink_to(target))

    yield 'a folder as T2w', at(Path.mkdir), 'is a folder instead of a file', 1
    yield 'a folder as T1w', _with_t2w(at(Path.mkdir, 'sub-bad_T1w.nii.gz')), NO_ERROR, 0
    yield 'a pipe as T2w', at(os.mkfifo), 'instead of a file', 1
    pipe = _with_t2w(at(os.mkfifo, 'sub-bad_T1w.nii.gz'))
    yield 'a pipe as T1w', pipe, NO_ERROR, 0
    yield 'a link to an endless device', link('/dev/zero'), 'instead of a file', 1
    yield 'a link to the terminal', link('/dev/tty'), 'instead of a file', 1
    yield 'a link to nothing', link('/nowhere/at/all.nii.gz'), 'is a broken link', 1
    yield 'a link to itself', link(T2W), 'is a broken link', 1
    yield 'a link to a folder', link('/tmp'), 'instead of a file', 1
    yield 'a link of 4,000 characters', link('/' + 'a/' * 2000), 'is a broken link', 1

    def outside(bids):
        target = make_image(bids.parent / 'elsewhere' / 'image.nii.gz')
        (bids / 'sub-bad' / 'anat' / T2W).symlink_to(target)

    yield 'a link to an image outside the dataset', outside, NO_ERROR, 0

    def socket(path):
        import socket

        with socket.socket(socket.AF_UNIX) as end:
            os.chdir(path.parent)
            end.bind(path.name)

    yield 'a socket as T2w', at(socket), 'instead of a file', 1

    def loops(bids):
        for link in (
            'sub-bad/anat/again',
            'sub-bad/ses-1',
            'sub-bad/again',
            'again',
            'sub-again',
        ):
            (bids / link).symlink_to(bids, target_is_directory=True)
        (bids / 'derivatives').symlink_to('..', target_is_directory=True)

    yield 'links back to the dataset', loops, 'sub-bad: no T2w', 1

    def knot(bids):
        for one, other in (('sub-a', 'sub-b'), ('sub-b', 'sub-a')):
            (bids / one).symlink_to(other, target_is_directory=True)

    yield 'participants that link to each other', knot, 'sub-bad: no T2w', 1

    def deep(bids):
        folder = bids / 'sub-bad'
        for _ in range(60):
            folder = folder / 'anat'
        folder.mkdir(parents=True)

    yield 'deeply nested folders', deep, 'sub-bad: no T2w', 1
    yield 'a file as participant', file_maker('sub-file', 'x'), 'sub-bad: no T2w', 1

    def no_folder(bids):
        shutil.rmtree(bids / 'sub-bad' / 'anat')
        (bids / 'sub-bad' / 'anat').write_text('x')

    yield 'a file as anat', no_folder, 'sub-bad: no T2w', 1
    yield 'a pipe next to the images', at(os.mkfifo, 'sub-bad_T2w.json'), 'sub-bad: no T2w', 1


def _with_t2w(change):
    def make(bids):
        make_image(bids / 'sub-bad' / 'anat' / T2W)
        change(bids)

    return make


def _names():
    def image(path: str | bytes):
        def make(bids):
            target = bids / os.fsdecode(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(make_image(bids.parent / 'source.nii.gz'), target)

        return make

    for detail, label in {
        'with a full stop': 'a.b',
        'with a space': 'a b',
        'of two full stops': '..',
        'with a line break': 'a\nb',
        'with a tab': 'a\tb',
        'with a colour code of terminals': 'a\x1b[31mb',
        'of markup': '<script>alert(1)<',
        'with a quotation mark': 'a"b',
        'with a percent sign': 'a%2e%2eb',
        'with a dollar sign': '$(touch hacked)',
        'with a semicolon': 'a;touch hacked',
        'with an asterisk': 'a*',
        'with an underscore': 'good_old',
        'with a hyphen': 'good-old',
        'that is a copy': 'good.bak',
        'that is a copy of a copy': 'good (2)',
        'of Greek letters': 'αβγ',
        'of full-width digits': '０１',
        'written from right to left': 'a\u202eb',
        'without characters': '',
    }.items():
        path = f'sub-{label}/anat/sub-{label}_T2w.nii.gz'
        message = 'is not a label'
        yield f'a participant {detail}', image(path), message, 1
    raw = b'sub-a\xffb/anat/sub-a\xffb_T2w.nii.gz'
    yield (
        'a participant that is not UTF-8',
        image(raw),
        'is not a label',
        1,
    )
    copy = 'sub-good.bak/anat/sub-good_FLAIR.nii.gz'
    yield 'a FLAIR in a copy of the good one', image(copy), 'sub-bad: no T2w', 1
    second = 'sub-good_2/anat/sub-good_acq-x_T2w.nii.gz'
    yield 'a T2w of the good one in another folder', image(second), 'is not a label', 1
    for detail, label in {
        'with a full stop': '1.bak',
        'with a line break': '1\n2',
        'of two full stops': '..',
        'of markup': '<b>',
    }.items():
        path = f'sub-bad/ses-{label}/anat/sub-bad_ses-{label}_T2w.nii.gz'
        yield f'a session {detail}', image(path), 'is not a label', 1
    for detail, name in {
        'with a space': 'sub-bad_acq-a b_T2w.nii.gz',
        'with a line break': 'sub-bad_acq-a\nb_T2w.nii.gz',
        'with a full stop': 'sub-bad_acq-a.b_T2w.nii.gz',
        'with a colour code of terminals': 'sub-bad_acq-\x1b[31m_T2w.nii.gz',
        'with an empty value': 'sub-bad_acq-_T2w.nii.gz',
        'with an entity twice': 'sub-bad_acq-a_acq-b_T2w.nii.gz',
        'with two full stops': 'sub-bad_acq-.._T2w.nii.gz',
        'of markup': 'sub-bad_acq-<b>_T2w.nii.gz',
        'of 255 bytes': f'sub-bad_acq-{"a" * 230}_T2w.nii.gz',
        'of another participant': 'sub-good_T2w.nii.gz',
        'of another session': 'sub-bad_ses-9_T2w.nii.gz',
    }.items():
        yield f'a T2w {detail}', image(f'sub-bad/anat/{name}'), 'sub-bad', 1
    raw = b'sub-bad/anat/sub-bad_acq-\xff\xfe_T2w.nii.gz'
    yield 'a T2w that is not UTF-8', image(raw), 'sub-bad', 1
    raw = b'sub-bad/anat/sub-bad_acq-\xff_T1w.nii.gz'
    yield 'a T1w that is not UTF-8', image(raw), 'sub-bad: no T2w', 1

    def similar(bids):
        for label in ('a+b', 'aplusb', 'A+b'):
            image(f'sub-{label}/anat/sub-{label}_T2w.nii.gz')(bids)
        (bids / 'sub-bad' / 'anat').rmdir()
        (bids / 'sub-bad').rmdir()

    runs = _with_t2w(image('sub-bad/anat/sub-bad_run-x_T1w.nii.gz'))
    yield 'a T1w whose run is a letter', runs, NO_ERROR, 0
    yield 'participants whose names differ by a plus sign', similar, NO_ERROR, 0


def _sidecars():
    sidecar = 'sub-bad/anat/sub-bad_T2w.json'
    for detail, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 4096,
        'that is not UTF-8': b'{"Manufacturer": "\xff"}',
        'of 200,000 brackets': DEEP,
        'of 200,000 nested objects': '{"a":' * 200_000,
        'that is a list': '[1]',
        'of lists for values': '{"Manufacturer": ["a"], "EchoTime": {"a": 1}}',
        'of NaN': '{"EchoTime": NaN, "RepetitionTime": Infinity}',
        'of 400 digits': f'{{"EchoTime": 1{"0" * 400}}}',
        'of 10,000 digits': f'{{"EchoTime": 1{"0" * 10_000}}}',
        'with a lone surrogate': '{"Manufacturer": "\\ud800"}',
        'with control characters': '{"Manufacturer": "a\\u0000b\\n\\u001b[2J\\tc"}',
        'of markup': '{"Manufacturer": "</script><script>alert(1)</script>"}',
        'of a path': '{"Manufacturer": "../../../etc/passwd"}',
        'with a string of 10 MB': json.dumps({'Manufacturer': 'a' * 10**7}),
        'of 100 MB': '{"Manufacturer": "x", "a": "' + ' ' * 10**8 + '"}',
        'with a field twice': '{"EchoTime": 1, "EchoTime": "a"}',
    }.items():
        yield f'a sidecar {detail}', _with_t2w(file_maker(sidecar, content)), NO_ERROR, 0
        if detail in ('of zeros', 'of 200,000 brackets'):
            yield (
                f'a top-level sidecar {detail}',
                _with_t2w(file_maker('T2w.json', content)),
                NO_ERROR,
                0,
            )
    pipe = _with_t2w(lambda bids: os.mkfifo(bids / sidecar))
    yield 'a pipe as sidecar', pipe, NO_ERROR, 0
    zero = _with_t2w(lambda bids: (bids / sidecar).symlink_to('/dev/zero'))
    yield 'an endless device as sidecar', zero, NO_ERROR, 0
    folder = _with_t2w(lambda bids: (bids / sidecar).mkdir())
    yield 'a folder as sidecar', folder, NO_ERROR, 0
