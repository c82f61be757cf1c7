"""Bad figures and records of a page, and bad settings."""

import os

from tests.hostile.case import NO_ERROR
from tests.hostile.content import BINARY, DEEP


def bad_pages():
    """Yield bad figures and bad records of runs."""

    def figure(content: bytes, name='sub-bad_desc-roi_T2w.svg'):
        def make(out):
            path = out / 'sub-bad' / 'figures' / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

        return make

    def special(kind, name):
        def make(out):
            path = out / 'sub-bad' / 'figures' / name
            path.parent.mkdir(exist_ok=True)
            kind(path)

        return make

    names = tuple(f'sub-bad_desc-{kind}_T2w.svg' for kind in ('images', 'roi', 't1wreg'))
    for name in names:
        for detail, content in {
            'of no bytes': b'',
            'of all bytes': BINARY,
            'of text': b'not an image',
            'with a script': b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            'of a billion laughs': b'<!DOCTYPE x [<!ENTITY a "ha">'
            + b'<!ENTITY b "&a;&a;">' * 9
            + b']><svg>&b;</svg>',
            'of 100 MB': b'<svg>' + b' ' * 10**8 + b'</svg>',
        }.items():
            yield f'{name} {detail}', figure(content, name), NO_ERROR
        yield f'{name}, a pipe', special(os.mkfifo, name), NO_ERROR
        yield f'{name}, endless', special(lambda p: p.symlink_to('/dev/zero'), name), NO_ERROR
    record = 'sub-bad_provenance.json'
    for detail, content in {
        'of zeros': b'\0' * 99,
        'of 200,000 brackets': DEEP.encode(),
        'that is a list': b'[1]',
        'of other types': _record('7', '{"x": 5}', '[1]'),
        'of markup': _record('"<script>"', '{"<b>": "<b>"}', '["<b>"]'),
        'with a lone surrogate': _record('"\\ud800"', '{}', '[]'),
        'of 100 MB': b'{"a": "' + b' ' * 10**8 + b'"}',
    }.items():
        yield f'a record {detail}', figure(content, record), NO_ERROR
    yield 'a pipe as record', special(os.mkfifo, record), NO_ERROR
    yield 'an endless record', special(lambda p: p.symlink_to('/dev/zero'), record), NO_ERROR


def _record(command: str, scans: str, errors: str) -> bytes:
    facts = f'{{"command": {command}}}'
    return f'{{"runs": [{{"facts": {facts}, "scans": {scans}, "errors": {errors}}}]}}'.encode()


def bad_settings():
    """Yield bad settings of an earlier run."""

    def settings_file(content: str | bytes):
        def make(out):
            path = out / 'run.toml'
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return path

        return make

    good = 'bids_dir = "a"\noutput_dir = "b"\nanalysis_level = "group"\nrun_id = "c"\n'
    for detail, content in {
        'of all bytes': BINARY,
        'of other settings': good + 'execute = "rm"\n',
        'of other types': good + 'nprocs = "many"\n',
        'of nested tables': good + '[nprocs]\na = 1\n',
        'of 100,000 brackets': 'a = ' + '[' * 100_000,
        'with a setting twice': good + good,
        'of 100 MB': good + '# ' + 'x' * 10**8,
        'with a line break in its name': '"a\\nb" = 1\n',
    }.items():
        yield f'settings {detail}', settings_file(content), 'run.toml'

    def pipe(out):
        os.mkfifo(out / 'run.toml')
        return out / 'run.toml'

    yield 'a pipe as settings', pipe, 'run.toml'
    yield 'no settings', lambda out: out / 'run.toml', 'run.toml'
