"""Bad derivatives at group level, and bad sidecars and participants.tsv."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.builders.results import save_result
from tests.hostile.case import NO_ERROR, Case
from tests.hostile.content import BINARY, DEEP
from tests.hostile.pages import bad_pages, bad_settings
from tests.hostile.ratings import bad_ratings

GRADE, COUNTS = '_desc-potter_grade.tsv', '_desc-epvs_counts.tsv'


def prepare(folder: Path) -> Path:
    """Write results of a good and a bad participant, and a dataset that names both."""
    out = folder / 'out'
    for label in ('good', 'bad'):
        save_result(out, label)
    (folder / 'bids').mkdir()
    participants = 'participant_id\tage\tsex\nsub-good\t70\tF\nsub-bad\t60\tM\n'
    (folder / 'bids' / 'participants.tsv').write_text(participants)
    return out


def cases() -> Iterator[Case]:
    """Yield all bad tables."""
    for name, change, message in (*_tables(), *_cells(), *_other_files()):
        reader = 'group' if message == NO_ERROR else 'result'
        yield Case(reader, name, change, message, 0 if message == NO_ERROR else 1)
    for name, change, message in bad_ratings():
        yield Case('ratings', name, change, message)
    for name, change, message in bad_pages():
        yield Case('page', name, change, message, 0 if message == NO_ERROR else 1)
    for name, change, message in bad_settings():
        yield Case('settings', name, change, message)


def _replace(end: str, content: str | bytes) -> Callable[[Path], None]:
    def make(out: Path) -> None:
        path = out / 'sub-bad' / 'anat' / f'sub-bad{end}'
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def _edit(end: str, change: Callable[[list[list[str]]], object]) -> Callable[[Path], None]:
    """Return a function that changes the rows of a table; the first one is the header."""

    def make(out: Path) -> None:
        path = out / 'sub-bad' / 'anat' / f'sub-bad{end}'
        rows = [line.split('\t') for line in path.read_text().splitlines()]
        change(rows)
        path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n')

    return make


def _special(end: str, kind: Callable[[Path], object]) -> Callable[[Path], None]:
    def make(out: Path) -> None:
        path = out / 'sub-bad' / 'anat' / f'sub-bad{end}'
        path.unlink(missing_ok=True)
        kind(path)

    return make


def _huge(path: Path) -> None:
    header = (path.name.endswith(GRADE) and 'participant_id') or 'hemisphere'
    path.write_text(header)
    with path.open('r+b') as stream:
        stream.truncate(6 * 2**30)


def _tables():
    for end, detail in ((GRADE, 'grades'), (COUNTS, 'counts')):
        for name, content in {
            'of no bytes': '',
            'of zeros': b'\0' * 4096,
            'of all bytes': BINARY,
            'that are not UTF-8': b'participant_id\xff\tsession_id\n',
            'in UTF-16': 'participant_id\tsession_id\n'.encode('utf-16'),
            'compressed': gzip.compress(b'participant_id\n' * 99),
            'of 2,000,000 tabs': '\t' * 2_000_000,
            'of one cell of 3 MB': 'a' * 3_000_000,
            'of a million lines': 'a\tb\n' * 1_000_000,
            'with commas': 'participant_id,session_id\nsub-bad,n/a\n',
            'with colour codes of terminals': '\x1b[31mparticipant_id\t\x07\n',
        }.items():
            yield f'{detail} {name}', _replace(end, content), f'sub-bad{end}'
        yield f'{detail} truncated', _edit(end, lambda rows: rows[-1].pop()), f'sub-bad{end}'
        yield (
            f'{detail} with only a header',
            _edit(end, lambda rows: rows.__delitem__(slice(1, 9))),
            f'sub-bad{end}',
        )
        yield f'{detail} without a header', _edit(end, lambda rows: rows.pop(0)), f'sub-bad{end}'
        yield (
            f'{detail} with a column twice',
            _edit(end, lambda rows: [row.append(row[0]) for row in rows]),
            f'sub-bad{end}',
        )
        yield (
            f'{detail} with a row twice',
            _edit(end, lambda rows: rows.append(rows[1])),
            f'sub-bad{end}',
        )
        yield f'{detail}: a folder', _special(end, Path.mkdir), f'sub-bad{end}'
        yield f'{detail}: a pipe', _special(end, os.mkfifo), f'sub-bad{end}'
        yield (
            f'{detail}: an endless device',
            _special(end, lambda p: p.symlink_to('/dev/zero')),
            f'sub-bad{end}',
        )
        yield (
            f'{detail}: a link to itself',
            _special(end, lambda p: p.symlink_to(p.name)),
            f'sub-bad{end}',
        )
        yield (
            f'{detail}: a link to nothing',
            _special(end, lambda p: p.symlink_to('/nowhere')),
            f'sub-bad{end}',
        )
        yield (
            f'{detail}: a link to /etc/passwd',
            _special(end, lambda p: p.symlink_to('/etc/passwd')),
            f'sub-bad{end}',
        )
        yield f'{detail}: 6 GB', _special(end, _huge), f'sub-bad{end}'

    def no_grade(out):
        (out / 'sub-bad' / 'anat' / f'sub-bad{GRADE}').unlink()

    yield 'no grades', no_grade, f'sub-bad{GRADE}'

    def loop(out):
        (out / 'sub-loop').symlink_to('.', target_is_directory=True)
        (out / 'sub-good' / 'ses-1').symlink_to('..', target_is_directory=True)
        (out / 'sub-bad' / 'anat' / 'anat').symlink_to('..', target_is_directory=True)

    yield 'links back to the folder', loop, NO_ERROR

    def other_name(out):
        (out / 'sub-bad').rename(out / 'sub-a.b')
        for path in (out / 'sub-a.b' / 'anat').iterdir():
            path.rename(path.with_name(path.name.replace('sub-bad', 'sub-a.b')))

    yield 'a folder that is not the participant’s', other_name, NO_ERROR

    def not_utf8(out):
        label = os.fsdecode(b'sub-a\xff')
        (out / 'sub-bad').rename(out / label)
        for path in (out / label / 'anat').iterdir():
            path.rename(path.with_name(path.name.replace('sub-bad', label)))

    yield 'a folder whose name is not UTF-8', not_utf8, NO_ERROR

    def line_break(out):
        (out / 'sub-bad').rename(out / 'sub-a\nTraceback')
        for path in (out / 'sub-a\nTraceback' / 'anat').iterdir():
            path.rename(path.with_name(path.name.replace('sub-bad', 'sub-a\nTraceback')))

    yield 'a folder with a line break in its name', line_break, NO_ERROR


def _cells():
    def cell(end, column, value, row=1):
        def change(rows):
            rows[row][rows[0].index(column)] = value

        return _edit(end, change)

    for value in (
        '',
        'nan',
        'inf',
        '-1',
        '5',
        '99',
        '1e99',
        '2.5',
        'II',
        '0x2',
        '１',
        '1' * 400,
        '<b>',
        '=1+1',
    ):
        yield f'grade {value[:9]!r}', cell(GRADE, 'potter', value), 'sub-bad'
        yield f'grade of an image {value[:9]!r}', cell(COUNTS, 'potter', value), 'sub-bad'
    for value in ('', 'nan', '-inf', '-1', '1e30', '100000', 'many', '1' * 18, 'n/a'):
        yield f'count {value[:9]!r}', cell(COUNTS, 'count', value), 'sub-bad'
        yield f'interval to {value[:9]!r}', cell(COUNTS, 'count_high', value), 'sub-bad'
    for value in ('-1', '7', '1e20', 'n/a', '1.5'):
        yield f'rank {value!r}', cell(COUNTS, 'slice_rank', value), 'sub-bad'
    for value in ('-1', '1e20', 'n/a', '1.5'):
        yield f'slice {value!r}', cell(COUNTS, 'slice', value), 'sub-bad'
    for value in ('', 'left', 'l', '<b>', 'n/a'):
        yield f'hemisphere {value!r}', cell(COUNTS, 'hemisphere', value), 'sub-bad'
    for value in ('', 'good', 'PASS', '<script>alert(1)</script>', 'n/a', 'x' * 10_000):
        yield f'quality {value[:9]!r}', cell(GRADE, 'qc', value), 'sub-bad'
        yield f'quality of an image {value[:9]!r}', cell(COUNTS, 'qc', value), 'sub-bad'
    for value in ('-1', '2', '1e20', 'x'):
        yield f'probability {value!r}', cell(GRADE, 'p_potter1', value), 'sub-bad'
        yield (
            f'highest count {value!r}',
            cell(GRADE, 'count_max', value.replace('2', '10001', 1) if value == '2' else value),
            'sub-bad',
        )
    for value in ('', 'sub-good', 'bad', '../sub-bad', 'n/a'):
        yield f'participant {value!r}', cell(GRADE, 'participant_id', value), 'sub-bad'
    for value in ('ses-1', '../x', '<b>'):
        yield f'session {value!r}', cell(GRADE, 'session_id', value), 'sub-bad'
    for column in ('t2w', 'qc_reasons', 'model', 'model_sha256'):
        for value in (
            '<script>alert(1)</script>',
            '../../etc/passwd',
            '=cmd|"/c calc"!A1',
            'javascript:alert(1)',
        ):
            yield f'{column} {value[:20]!r}', cell(GRADE, column, value), NO_ERROR
    yield 'a string with control characters', cell(GRADE, 'model', 'a\x1b[2J\x07\x00b'), 'sub-bad'


def _other_files():
    sidecar = '_desc-preproc_T2w.json'
    for detail, content in {
        'of zeros': b'\0' * 4096,
        'of 200,000 brackets': DEEP,
        'that is a list': '[1]',
        'of NaN': '{"MagneticFieldStrength": NaN, "VoxelSize": [NaN, 1, 1]}',
        'of infinity': '{"MagneticFieldStrength": 1e999, "VoxelSize": [1e999, 1, 1]}',
        'of 400 digits': f'{{"MagneticFieldStrength": 1{"0" * 400}, "VoxelSize": [1{"0" * 400}]}}',
        'with an empty voxel size': '{"VoxelSize": []}',
        'of lists': '{"Manufacturer": ["a"], "VoxelSize": [[1], [2]]}',
        'of markup': '{"Manufacturer": "<script>alert(1)</script>", "InstitutionName": "<b>"}',
        'with a lone surrogate': '{"Manufacturer": "\\ud800", "InstitutionName": "\\udfff"}',
        'with control characters': '{"Manufacturer": "a\\u0000\\u001b[2J\\nb"}',
        'with a string of 10 MB': json.dumps({'Manufacturer': 'a' * 10**7}),
        'of 100 MB': '{"a": "' + ' ' * 10**8 + '"}',
        'that is true': '{"MagneticFieldStrength": true, "VoxelSize": [true]}',
        'of dollar signs': '{"Manufacturer": "$x^{2$", "InstitutionName": "$\\\\frac{a"}',
    }.items():
        yield f'a sidecar {detail}', _replace(sidecar, content), NO_ERROR
    yield 'a pipe as sidecar', _special(sidecar, os.mkfifo), NO_ERROR
    yield 'a folder as sidecar', _special(sidecar, Path.mkdir), NO_ERROR
    yield 'an endless sidecar', _special(sidecar, lambda p: p.symlink_to('/dev/zero')), NO_ERROR

    def participants_file(content: str | bytes, name='participants.tsv'):
        def make(out):
            path = out.parent / 'bids' / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

        return make

    header = 'participant_id\tage\tsex\tgroup\tsite\n'
    for detail, content in {
        'of no bytes': '',
        'of all bytes': BINARY,
        'in UTF-16': header.encode('utf-16'),
        'of 2,000,000 tabs': '\t' * 2_000_000,
        'of one cell of 3 MB': 'a' * 3_000_000,
        'of 100 MB': header + 'x' * 10**8,
        'without rows': header,
        'with a column twice': 'participant_id\tage\tage\nsub-bad\t1\t2\n',
        'with a row twice': header + 'sub-bad\t1\tF\ta\tb\n' * 2,
        'ragged': header + 'sub-bad\t1\nsub-good\n',
        'of odd ages': header + 'sub-bad\t1e999\tX\ta\tb\nsub-good\t-5\t9\ta\tb\n',
        'with an age of 400 digits': header + f'sub-bad\t{"9" * 400}\tF\ta\tb\n',
        'of other digits': header + 'sub-bad\t٧٠\tF\ta\tb\nsub-good\t²\tM\ta\tc\n',
        'of markup': header + 'sub-bad\t50\tF\t<script>\t<b>\nsub-good\t60\tM\t"\t&\n',
        'of dollar signs': header + 'sub-bad\t50\tF\t$x^{$\t$\\frac$\nsub-good\t60\tM\tb\tc\n',
        'of control characters': header
        + 'sub-bad\t50\tF\ta\x00\x1b[2J\tb\nsub-good\t60\tM\tc\td\n',
        'of a group of 100,000 letters': header + f'sub-bad\t50\tF\t{"g" * 100_000}\tb\n',
        'of paths': header + '../../etc/passwd\t50\tF\ta\tb\n',
    }.items():
        yield f'people {detail}', participants_file(content), NO_ERROR

    def special(kind):
        def make(out):
            path = out.parent / 'bids' / 'participants.tsv'
            path.unlink()
            kind(path)

        return make

    yield 'a pipe as people', special(os.mkfifo), NO_ERROR
    yield 'a folder as people', special(Path.mkdir), NO_ERROR
    yield 'an endless device as people', special(lambda p: p.symlink_to('/dev/zero')), NO_ERROR
