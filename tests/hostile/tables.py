"""Bad derivatives at group level, and bad tables beside them."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pvs_workflow.derivatives.tables import count_table, grade_table, write_table
from pvs_workflow.science.slices import View
from tests.hostile.case import USED, Case

GRADE, COUNTS = '_desc-potter_grade.tsv', '_desc-epvs_counts.tsv'
VIEWS = [View(side, 20 + rank, rank + 1, (1.0, 1.0)) for side in 'LR' for rank in range(3)]
BINARY = bytes(range(256)) * 40
DEEP = '[' * 200_000


def save_result(out: Path, label: str) -> Path:
    """Write the tables of one T2w, as the participant level does; return where they start."""
    stem = out / f'sub-{label}' / 'anat' / f'sub-{label}'
    slices = [view.slice_index for view in VIEWS]
    numbers = ([6, 5, 4, 3, 2, 1], [0] * 6, [9] * 6, [2] * 6, [500] * 6, ['pass'] * 6)
    counts = count_table(VIEWS, slices, *numbers)
    grade = grade_table(
        participant=label,
        session=None,
        t2w=f'sub-{label}/anat/sub-{label}_T2w.nii.gz',
        counts=counts,
        probabilities=[0.2] * 5,
        qc='pass',
        reasons=[],
        model='m 1',
        model_sha256='0' * 64,
    )
    for frame, end, table in ((grade, GRADE, 'potter_grade'), (counts, COUNTS, 'epvs_counts')):
        write_table(frame, stem.with_name(stem.name + end), table)
    return stem


def prepare(folder: Path) -> Path:
    """Write results of a good and of a bad participant, and a dataset that names both."""
    out = folder / 'out'
    for label in ('good', 'bad'):
        save_result(out, label)
    (folder / 'bids').mkdir()
    people = 'participant_id\tage\tsex\nsub-good\t70\tF\nsub-bad\t60\tM\n'
    (folder / 'bids' / 'participants.tsv').write_text(people)
    return out


def cases() -> Iterator[Case]:
    """Yield all bad tables."""
    for name, change, says in (*_tables(), *_cells(), *_beside()):
        room = 'group' if says == USED else 'result'
        yield Case(room, name, change, says, 0 if says == USED else 1)
    for name, change, says in _ratings():
        yield Case('ratings', name, change, says)
    for name, change, says in _pages():
        yield Case('page', name, change, says, 0 if says == USED else 1)
    for name, change, says in _settings():
        yield Case('settings', name, change, says)


def _replace(end: str, content: str | bytes) -> Callable[[Path], None]:
    def make(out: Path) -> None:
        path = out / 'sub-bad' / 'anat' / f'sub-bad{end}'
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def _edit(end: str, change: Callable[[list[list[str]]], object]) -> Callable[[Path], None]:
    """Change the rows of a table, the header first."""

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
    for end, what in ((GRADE, 'grades'), (COUNTS, 'counts')):
        for name, content in {
            'of no bytes': '',
            'of zeros': b'\0' * 4096,
            'of all bytes': BINARY,
            'that are no UTF-8': b'participant_id\xff\tsession_id\n',
            'in UTF-16': 'participant_id\tsession_id\n'.encode('utf-16'),
            'compressed': gzip.compress(b'participant_id\n' * 99),
            'of 2,000,000 tabs': '\t' * 2_000_000,
            'of one cell of 3 MB': 'a' * 3_000_000,
            'of a million lines': 'a\tb\n' * 1_000_000,
            'with commas': 'participant_id,session_id\nsub-bad,n/a\n',
            'with colour codes of terminals': '\x1b[31mparticipant_id\t\x07\n',
        }.items():
            yield f'{what} {name}', _replace(end, content), f'sub-bad{end}'
        yield f'{what} cut off', _edit(end, lambda rows: rows[-1].pop()), f'sub-bad{end}'
        yield (
            f'{what} of a header alone',
            _edit(end, lambda rows: rows.__delitem__(slice(1, 9))),
            f'sub-bad{end}',
        )
        yield f'{what} of rows alone', _edit(end, lambda rows: rows.pop(0)), f'sub-bad{end}'
        yield (
            f'{what} with a column twice',
            _edit(end, lambda rows: [row.append(row[0]) for row in rows]),
            f'sub-bad{end}',
        )
        yield (
            f'{what} with a row twice',
            _edit(end, lambda rows: rows.append(rows[1])),
            f'sub-bad{end}',
        )
        yield f'{what}: a folder', _special(end, Path.mkdir), f'sub-bad{end}'
        yield f'{what}: a pipe', _special(end, os.mkfifo), f'sub-bad{end}'
        yield (
            f'{what}: an endless device',
            _special(end, lambda p: p.symlink_to('/dev/zero')),
            f'sub-bad{end}',
        )
        yield (
            f'{what}: a link to itself',
            _special(end, lambda p: p.symlink_to(p.name)),
            f'sub-bad{end}',
        )
        yield (
            f'{what}: a link to nothing',
            _special(end, lambda p: p.symlink_to('/nowhere')),
            f'sub-bad{end}',
        )
        yield (
            f'{what}: a link to /etc/passwd',
            _special(end, lambda p: p.symlink_to('/etc/passwd')),
            f'sub-bad{end}',
        )
        yield f'{what}: 6 GB', _special(end, _huge), f'sub-bad{end}'

    def no_grade(out):
        (out / 'sub-bad' / 'anat' / f'sub-bad{GRADE}').unlink()

    yield 'no grades', no_grade, f'sub-bad{GRADE}'

    def loop(out):
        (out / 'sub-loop').symlink_to('.', target_is_directory=True)
        (out / 'sub-good' / 'ses-1').symlink_to('..', target_is_directory=True)
        (out / 'sub-bad' / 'anat' / 'anat').symlink_to('..', target_is_directory=True)

    yield 'folders that lead back', loop, USED

    def other_name(out):
        (out / 'sub-bad').rename(out / 'sub-a.b')
        for path in (out / 'sub-a.b' / 'anat').iterdir():
            path.rename(path.with_name(path.name.replace('sub-bad', 'sub-a.b')))

    yield 'a folder that is not the participant’s', other_name, 'is not in its place'

    def no_text(out):
        label = os.fsdecode(b'sub-a\xff')
        (out / 'sub-bad').rename(out / label)
        for path in (out / label / 'anat').iterdir():
            path.rename(path.with_name(path.name.replace('sub-bad', label)))

    yield 'a folder whose name is no UTF-8', no_text, 'is not in its place'

    def lines(out):
        (out / 'sub-bad').rename(out / 'sub-a\nTraceback')
        for path in (out / 'sub-a\nTraceback' / 'anat').iterdir():
            path.rename(path.with_name(path.name.replace('sub-bad', 'sub-a\nTraceback')))

    yield 'a folder with a line break in its name', lines, 'is not in its place'


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
            yield f'{column} {value[:20]!r}', cell(GRADE, column, value), USED
    yield 'a text with control characters', cell(GRADE, 'model', 'a\x1b[2J\x07\x00b'), 'sub-bad'


def _beside():
    sidecar = '_desc-preproc_T2w.json'
    for what, content in {
        'of zeros': b'\0' * 4096,
        'of 200,000 brackets': DEEP,
        'that is a list': '[1]',
        'of NaN': '{"MagneticFieldStrength": NaN, "VoxelSize": [NaN, 1, 1]}',
        'of infinity': '{"MagneticFieldStrength": 1e999, "VoxelSize": [1e999, 1, 1]}',
        'of 400 digits': f'{{"MagneticFieldStrength": 1{"0" * 400}, "VoxelSize": [1{"0" * 400}]}}',
        'with empty edges': '{"VoxelSize": []}',
        'of lists': '{"Manufacturer": ["a"], "VoxelSize": [[1], [2]]}',
        'of markup': '{"Manufacturer": "<script>alert(1)</script>", "InstitutionName": "<b>"}',
        'with half a character': '{"Manufacturer": "\\ud800", "InstitutionName": "\\udfff"}',
        'with control characters': '{"Manufacturer": "a\\u0000\\u001b[2J\\nb"}',
        'with a text of 10 MB': json.dumps({'Manufacturer': 'a' * 10**7}),
        'of 100 MB': '{"a": "' + ' ' * 10**8 + '"}',
        'that is true': '{"MagneticFieldStrength": true, "VoxelSize": [true]}',
        'of dollar signs': '{"Manufacturer": "$x^{2$", "InstitutionName": "$\\\\frac{a"}',
    }.items():
        yield f'a sidecar {what}', _replace(sidecar, content), USED
    yield 'a pipe as sidecar', _special(sidecar, os.mkfifo), USED
    yield 'a folder as sidecar', _special(sidecar, Path.mkdir), USED
    yield 'an endless sidecar', _special(sidecar, lambda p: p.symlink_to('/dev/zero')), USED

    def people(content: str | bytes, name='participants.tsv'):
        def make(out):
            path = out.parent / 'bids' / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

        return make

    header = 'participant_id\tage\tsex\tgroup\tsite\n'
    for what, content in {
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
        yield f'people {what}', people(content), USED

    def special(kind):
        def make(out):
            path = out.parent / 'bids' / 'participants.tsv'
            path.unlink()
            kind(path)

        return make

    yield 'a pipe as people', special(os.mkfifo), USED
    yield 'a folder as people', special(Path.mkdir), USED
    yield 'an endless device as people', special(lambda p: p.symlink_to('/dev/zero')), USED


def _ratings():
    def given(content: str | bytes):
        def make(out):
            path = out / 'ratings.tsv'
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return path

        return make

    header = 'participant_id\themisphere\tslice\tcount\n'
    for what, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 4096,
        'of all bytes': BINARY,
        'in UTF-16': header.encode('utf-16'),
        'of a header alone': header,
        'without columns': 'a\tb\n1\t2\n',
        'of one cell of 3 MB': 'a' * 3_000_000,
        'of an endless quotation': header + 'sub-bad\t"L\t1\t2\n' * 50_000,
        'with a column twice': 'participant_id\tcount\tcount\nsub-bad\t1\t2\n',
        'of 100 MB': header + 'x' * 10**8,
    }.items():
        yield f'ratings {what}', given(content), 'ratings.tsv'
    for what, row in {
        'a count below 0': 'sub-bad\tL\t1\t-1',
        'a count of NaN': 'sub-bad\tL\t1\tnan',
        'an infinite count': 'sub-bad\tL\t1\tinf',
        'a count of 400 digits': f'sub-bad\tL\t1\t{"9" * 400}',
        'a count in words': 'sub-bad\tL\t1\tmany',
        'a formula for a count': 'sub-bad\tL\t1\t=1+1',
        'a slice below 0': 'sub-bad\tL\t-1\t1',
        'half a slice': 'sub-bad\tL\t1.5\t1',
        'an infinite slice': 'sub-bad\tL\tinf\t1',
        'a third hemisphere': 'sub-bad\tX\t1\t1',
        'no participant': '\tL\t1\t1',
        'too few cells': 'sub-bad\tL',
    }.items():
        yield f'ratings with {what}', given(header + row + '\n'), 'ratings.tsv'
    sheet = 'image_id\tcount\trater\nA\t1\tme\n'
    yield 'ratings of a sheet without its key', given(sheet), 'image_id cannot be understood'

    def key(content: str | bytes):
        def make(out):
            path = given(sheet)(out)
            raw = content if isinstance(content, bytes) else content.encode()
            (out / 'reading_key.tsv').write_bytes(raw)
            return path

        return make

    columns = 'image_id\trank\n'
    names = 'image_id\tparticipant_id\tsession_id\tt2w\themisphere\tslice\tslice_rank\n'
    for what, content in {
        'of no bytes': '',
        'of all bytes': BINARY,
        'of other columns': columns + 'A\t1\n',
        'without a participant': names + 'A\tn/a\tn/a\tx\tL\t1\t1\n',
        'without a slice': names + 'A\tsub-bad\tn/a\tx\tL\tn/a\t1\n',
        'of an infinite slice': names + 'A\tsub-bad\tn/a\tx\tL\tinf\t1\n',
        'of 100 MB': names + 'x' * 10**8,
    }.items():
        yield f'a reading key {what}', key(content), 'reading_key.tsv'

    def special(kind):
        def make(out):
            path = out / 'ratings.tsv'
            kind(path)
            return path

        return make

    yield 'a pipe as ratings', special(os.mkfifo), 'ratings.tsv'
    yield 'a folder as ratings', special(Path.mkdir), 'ratings.tsv'
    yield 'endless ratings', special(lambda p: p.symlink_to('/dev/zero')), 'ratings.tsv'
    yield 'no ratings', lambda out: out / 'ratings.tsv', 'ratings.tsv'


def _pages():
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
        for what, content in {
            'of no bytes': b'',
            'of all bytes': BINARY,
            'of text': b'no picture',
            'with a script': b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            'of a billion laughs': b'<!DOCTYPE x [<!ENTITY a "ha">'
            + b'<!ENTITY b "&a;&a;">' * 9
            + b']><svg>&b;</svg>',
            'of 100 MB': b'<svg>' + b' ' * 10**8 + b'</svg>',
        }.items():
            yield f'{name} {what}', figure(content, name), USED
        yield f'{name}, a pipe', special(os.mkfifo, name), USED
        yield f'{name}, endless', special(lambda p: p.symlink_to('/dev/zero'), name), USED
    record = 'sub-bad_provenance.json'
    for what, content in {
        'of zeros': b'\0' * 99,
        'of 200,000 brackets': DEEP.encode(),
        'that is a list': b'[1]',
        'of other types': _record('7', '{"x": 5}', '[1]'),
        'of markup': _record('"<script>"', '{"<b>": "<b>"}', '["<b>"]'),
        'with half a character': _record('"\\ud800"', '{}', '[]'),
        'of 100 MB': b'{"a": "' + b' ' * 10**8 + b'"}',
    }.items():
        yield f'a record {what}', figure(content, record), USED
    yield 'a pipe as record', special(os.mkfifo, record), USED
    yield 'an endless record', special(lambda p: p.symlink_to('/dev/zero'), record), USED


def _record(command: str, scans: str, errors: str) -> bytes:
    facts = f'{{"command": {command}}}'
    return f'{{"runs": [{{"facts": {facts}, "scans": {scans}, "errors": {errors}}}]}}'.encode()


def _settings():
    def given(content: str | bytes):
        def make(out):
            path = out / 'run.toml'
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return path

        return make

    good = 'bids_dir = "a"\noutput_dir = "b"\nanalysis_level = "group"\nrun_id = "c"\n'
    for what, content in {
        'of no bytes': '',
        'of all bytes': BINARY,
        'of other settings': good + 'execute = "rm"\n',
        'of other types': good + 'nprocs = "many"\n',
        'of nested tables': good + '[nprocs]\na = 1\n',
        'of 100,000 brackets': 'a = ' + '[' * 100_000,
        'with a setting twice': good + good,
        'of 100 MB': good + '# ' + 'x' * 10**8,
        'with a line break in its name': '"a\\nb" = 1\n',
    }.items():
        yield f'settings {what}', given(content), 'run.toml'

    def pipe(out):
        os.mkfifo(out / 'run.toml')
        return out / 'run.toml'

    yield 'a pipe as settings', pipe, 'run.toml'
    yield 'no settings', lambda out: out / 'run.toml', 'run.toml'
