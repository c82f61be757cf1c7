"""Bad filter files and bad pybids indexes."""

import os
import sqlite3

from tests.hostile.content import DEEP, file_maker


def bad_filters():
    """Yield bad filter files."""

    def filter_file(content: str | bytes):
        def make(bids):
            file_maker('../filters.json', content)(bids)
            return {'bids_filter_file': bids.parent / 'filters.json'}

        return make

    for detail, content in {
        'of no bytes': '',
        'of zeros': b'\0' * 99,
        'that are not UTF-8': b'\xff\xfe',
        'of 200,000 brackets': DEEP,
        'that are a list': '[]',
        'with a string for a kind': '{"t2w": "acq"}',
        'with a nested object': '{"t2w": {"acquisition": {"a": 1}}}',
        'with a number for a label': '{"t2w": {"session": 1}}',
        'with a nested list': '{"t2w": {"acquisition": [["a"]]}}',
        'with an entity that is not known': '{"t2w": {"colour": "red"}}',
        'for file names alone': '{"t2w": {"return_type": "filename"}}',
        'for another scope': '{"t2w": {"scope": "derivatives"}}',
        'for a target': '{"t2w": {"target": "subject", "return_type": "id"}}',
        'that allow everything': '{"t2w": {"invalid_filters": "allow", "colour": "red"}}',
        'with a costly pattern': '{"t2w": {"regex_search": true, "subject": "(a+)+$"}}',
        'with a broken pattern': '{"t2w": {"regex_search": true, "subject": "("}}',
        'with a lone surrogate': '{"t2w": {"acquisition": "\\ud800"}}',
        'of 100 MB': '{"t2w": {"acquisition": "' + 'a' * 10**8 + '"}}',
    }.items():
        yield f'filters {detail}', filter_file(content), 'filter', 1
    for detail, content in {
        'that match nothing': '{"t2w": {"acquisition": "none"}}',
        'for another suffix': '{"t2w": {"suffix": "bold"}}',
    }.items():
        yield f'filters {detail}', filter_file(content), 'matches', 18
    other = filter_file('{"bold": {"task": [[7]]}, "roi": 7}')
    yield 'filters for other kinds of images', other, 'sub-bad: no T2w', 1
    large = f'{{"t2w": {{"run": 1{"0" * 300}}}}}'
    yield (
        'filters with a number of 300 digits',
        filter_file(large),
        'the filter for t2w cannot be used',
        1,
    )

    def pipe(bids):
        os.mkfifo(bids.parent / 'filters.json')
        return {'bids_filter_file': bids.parent / 'filters.json'}

    def absent(bids):
        return {'bids_filter_file': bids.parent / 'none.json'}

    yield 'a pipe as filters', pipe, 'filter', 1
    yield 'no filter file', absent, 'filter', 1
    yield 'a folder as filters', lambda bids: {'bids_filter_file': bids}, 'filter', 1


def bad_databases():
    """Yield bad pybids indexes."""

    def database(change):
        def make(bids):
            folder = bids.parent / 'database'
            folder.mkdir()
            change(folder)
            return {'bids_database_dir': folder}

        return make

    def index(content: bytes):
        return database(lambda folder: (folder / 'layout_index.sqlite').write_bytes(content))

    for detail, content in {
        'of no bytes': b'',
        'of text': b'not a database at all' * 99,
        'of zeros': b'\0' * 8192,
        'truncated': b'SQLite format 3\0' + b'\0' * 84,
        'of random bytes': b'SQLite format 3\0' + bytes(range(256)) * 40,
    }.items():
        yield f'an index {detail}', index(content), 'has no usable pybids index', 1

    def pipe(folder):
        os.mkfifo(folder / 'layout_index.sqlite')

    def folder(folder):
        (folder / 'layout_index.sqlite').mkdir()

    def other_tables(folder):
        with sqlite3.connect(folder / 'layout_index.sqlite') as connection:
            connection.execute('create table files (path text)')

    yield 'a pipe as index', database(pipe), 'has no usable pybids index', 1
    yield 'a folder as index', database(folder), 'has no usable pybids index', 1

    def endless(folder):
        with sqlite3.connect(folder / 'layout_index.sqlite') as connection:
            connection.execute(
                'create view layout_info as with recursive n(root) as '
                "(select 'a' union all select root from n) select max(root) as root from n"
            )

    yield 'a database of other tables', database(other_tables), 'has no usable pybids index', 1
    yield 'a database with an endless view', database(endless), 'has no usable pybids index', 1

    def a_file(bids):
        (bids.parent / 'database').write_text('x')
        return {'bids_database_dir': bids.parent / 'database'}

    yield 'a file as database', a_file, 'database', 1

    def altered_index(bids, statement):
        from pvs_workflow.inputs.layout import LayoutIndex

        folder = bids.parent / 'database'
        LayoutIndex(bids, ['good'], folder)
        with sqlite3.connect(folder / 'layout_index.sqlite') as connection:
            connection.execute(statement)
        return {'bids_database_dir': folder}

    def outside(bids):
        return altered_index(bids, "update files set path = '/etc/passwd' where path like '%T2w%'")

    def above(bids):
        new = "replace(path, '/bids/', '/bids/../other/')"
        return altered_index(bids, f"update files set path = {new} where path like '%T2w%'")

    yield 'an index with a file elsewhere', outside, 'no T2w image', 66
    yield 'an index with a path that leads out of the dataset', above, 'no T2w image', 66
