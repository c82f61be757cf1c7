"""Bad tables of ratings and bad keys of reading sheets."""

import os
from pathlib import Path

from tests.hostile.content import BINARY


def bad_ratings():
    """Yield bad tables of ratings and bad reading keys."""

    def ratings_file(content: str | bytes):
        def make(out):
            path = out / 'ratings.tsv'
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return path

        return make

    header = 'participant_id\themisphere\tslice\tcount\n'
    for detail, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 4096,
        'of all bytes': BINARY,
        'in UTF-16': header.encode('utf-16'),
        'with only a header': header,
        'without columns': 'a\tb\n1\t2\n',
        'of one cell of 3 MB': 'a' * 3_000_000,
        'of an endless quotation': header + 'sub-bad\t"L\t1\t2\n' * 50_000,
        'with a column twice': 'participant_id\tcount\tcount\nsub-bad\t1\t2\n',
        'of 100 MB': header + 'x' * 10**8,
    }.items():
        yield f'ratings {detail}', ratings_file(content), 'ratings.tsv'
    for detail, row in {
        'a negative count': 'sub-bad\tL\t1\t-1',
        'a count of NaN': 'sub-bad\tL\t1\tnan',
        'an infinite count': 'sub-bad\tL\t1\tinf',
        'a count of 400 digits': f'sub-bad\tL\t1\t{"9" * 400}',
        'a count in words': 'sub-bad\tL\t1\tmany',
        'a formula for a count': 'sub-bad\tL\t1\t=1+1',
        'a negative slice': 'sub-bad\tL\t-1\t1',
        'a fraction of a slice': 'sub-bad\tL\t1.5\t1',
        'an infinite slice': 'sub-bad\tL\tinf\t1',
        'a third hemisphere': 'sub-bad\tX\t1\t1',
        'no participant': '\tL\t1\t1',
        'missing cells': 'sub-bad\tL',
    }.items():
        yield f'ratings with {detail}', ratings_file(header + row + '\n'), 'ratings.tsv'
    sheet = 'image_id\tcount\trater\nA\t1\tme\n'
    yield (
        'ratings of a sheet without its key',
        ratings_file(sheet),
        'image_id needs the key',
    )

    def key(content: str | bytes):
        def make(out):
            path = ratings_file(sheet)(out)
            raw = content if isinstance(content, bytes) else content.encode()
            (out / 'reading_key.tsv').write_bytes(raw)
            return path

        return make

    columns = 'image_id\trank\n'
    names = 'image_id\tparticipant_id\tsession_id\tt2w\themisphere\tslice\tslice_rank\n'
    for detail, content in {
        'of no bytes': '',
        'of all bytes': BINARY,
        'of other columns': columns + 'A\t1\n',
        'without a participant': names + 'A\tn/a\tn/a\tx\tL\t1\t1\n',
        'without a slice': names + 'A\tsub-bad\tn/a\tx\tL\tn/a\tn/a\n',
        'of an infinite slice': names + 'A\tsub-bad\tn/a\tx\tL\tinf\t1\n',
        'of 100 MB': names + 'x' * 10**8,
    }.items():
        yield f'a reading key {detail}', key(content), 'reading_key.tsv'

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
