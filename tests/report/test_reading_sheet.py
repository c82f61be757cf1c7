import base64
import hashlib
import re
from dataclasses import replace

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.derivatives.results import Result
from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import find_key
from pvs_workflow.report import reading_sheet
from pvs_workflow.report.reading_images import ROI_END, T2W_END
from pvs_workflow.report.reading_sheet import write_reading_sheet
from tests.builders.phantom import make_phantom

PEOPLE = ('sub-alice', 'sub-bob', 'sub-carol', 'sub-dave')


def grade_of(participant, session=None, t2w=None):
    t2w = t2w or f'{participant}_T2w.nii.gz'
    return {'participant_id': participant, 'session_id': session, 't2w': t2w}


@pytest.fixture(scope='module')
def make_scan(tmp_path_factory):
    """Return a function that saves a T2w's derivatives, with different noise for each person."""
    phantom = make_phantom()

    def call(participant, session=None, counts=(3, 1, 4, 1, 5, 9), images=True):
        stem = tmp_path_factory.mktemp('anat') / participant
        noise = np.random.default_rng(list(participant.encode()))
        volume = phantom.t2w + 80 * noise.random(phantom.t2w.shape)
        if images:
            for array, end in ((volume, T2W_END), (phantom.roi, ROI_END)):
                image = nb.Nifti1Image(array.astype(np.int16), phantom.affine)
                nb.save(image, stem.with_name(stem.name + end))
        rows = [
            {'hemisphere': view.hemisphere, 'slice': index, 'count': float(count)}
            for view, index, count in zip(phantom.views, phantom.slices, counts, strict=True)
        ]
        return Result(stem, grade_of(participant, session), tuple(rows))

    return call


@pytest.fixture(scope='module')
def scans(make_scan):
    return [make_scan(name) for name in PEOPLE]


def key_of(folder):
    return read_table(folder / 'reading_key.tsv', 'reading_key')


def codes_on(path):
    return re.findall(r'data-image="([A-Z]+)"', path.read_text('utf-8'))


def test_page_table_and_key_have_the_same_images(tmp_path, scans):
    written, problems = write_reading_sheet(tmp_path, scans, 1)
    assert problems == []
    assert {path.relative_to(tmp_path).as_posix() for path in written} == {
        'reading/reading_sheet.html',
        'reading/reading_ratings.tsv',
        'reading/reading_ratings.json',
        'reading_key.tsv',
        'reading_key.json',
    }
    key = key_of(tmp_path)
    codes = codes_on(tmp_path / 'reading' / 'reading_sheet.html')
    ratings = read_table(tmp_path / 'reading' / 'reading_ratings.tsv', 'reading_ratings')
    assert codes == list(key['image_id']) == list(ratings['image_id'])
    assert len(set(codes)) == 6 * len(PEOPLE)
    assert ratings.drop(columns='image_id').isna().all(axis=None)
    assert sorted(set(key['participant_id'])) == list(PEOPLE)
    assert list(key['slice_rank'][:6]) == [1, 2, 3] * 2
    assert find_key([tmp_path])[codes[0]].participant == key['participant_id'][0][4:]


def test_the_page_does_not_reveal_identities_or_counts(tmp_path, make_scan):
    counts = (17.1234, 1.5432, 4.9876, 1.2222, 5.8765, 9.4321)
    scans = [make_scan(name, 'ses-zwei', counts) for name in PEOPLE]
    write_reading_sheet(tmp_path, scans, 1)
    for path in (tmp_path / 'reading').iterdir():
        text = re.sub(r'base64,[^"]*', '', path.read_text('utf-8'))
        for secret in ('sub-', 'ses-', 'alice', 'bob', 'zwei', '_T2w', '.nii', str(tmp_path)):
            assert secret not in text, (path, secret)
        for count in counts:
            assert str(count) not in text
        assert '<!--' not in text


def test_the_pixels_are_those_of_the_right_person(tmp_path, scans, read):
    write_reading_sheet(tmp_path, scans, 1)
    pictures = read(tmp_path / 'reading' / 'reading_sheet.html').all('img')
    by_person = {}
    for row, picture in zip(key_of(tmp_path).itertuples(), pictures, strict=True):
        assert row.image_id in picture['alt']
        assert {'L': 'Left', 'R': 'Right'}[row.hemisphere] in picture['alt']
        by_person.setdefault(row.participant_id, []).append(picture['src'])
    for scan in scans:
        images = reading_sheet.read_images(scan)
        expected = [image.uri for image in images]
        assert by_person[scan.grade['participant_id']] == expected
    assert len({uri for uris in by_person.values() for uri in uris}) == 24


def order(folder):
    return list(dict.fromkeys(key_of(folder)['participant_id']))


def test_order_and_codes_depend_on_the_seed(tmp_path, make_scan):
    scans = [make_scan(f'sub-p{n:02d}') for n in range(7)]
    keys = {}
    for name, seed, results in (('a', 1, scans), ('b', 1, scans[::-1]), ('c', 2, scans)):
        write_reading_sheet(tmp_path / name, results, seed)
        keys[name] = (tmp_path / name / 'reading_key.tsv').read_bytes()
    assert keys['a'] == keys['b'] != keys['c']
    assert order(tmp_path / 'a') != order(tmp_path / 'c')
    assert order(tmp_path / 'a') != sorted(order(tmp_path / 'a'))
    assert not set(key_of(tmp_path / 'a')['image_id']) & set(key_of(tmp_path / 'c')['image_id'])


def test_codes_cannot_be_derived_without_the_counts(tmp_path, make_scan):
    for name, count in (('a', 3.0), ('b', 3.0001)):
        scans = [make_scan(f'sub-{name}{n:02d}', counts=[count] * 6) for n in range(6)]
        scans = [
            replace(scan, grade=grade_of(f'sub-{n}', t2w='t')) for n, scan in enumerate(scans)
        ]
        write_reading_sheet(tmp_path / name, scans, 1)
    codes = [set(key_of(tmp_path / name)['image_id']) for name in 'ab']
    assert not codes[0] & codes[1]


def test_a_scan_without_derivatives_is_reported_and_skipped(tmp_path, make_scan):
    scans = [make_scan('sub-a'), make_scan('sub-b', images=False), make_scan('sub-c')]
    _, problems = write_reading_sheet(tmp_path, scans, 1)
    (problem,) = problems
    assert 'sub-b cannot be shown' in problem
    assert sorted(order(tmp_path)) == ['sub-a', 'sub-c']
    text = (tmp_path / 'reading' / 'reading_sheet.html').read_text('utf-8')
    assert re.findall(r'>Scan (\d+)<', text) == ['1', '2']
    with pytest.raises(PVSError, match='no images for a reading sheet: sub-b'):
        write_reading_sheet(tmp_path / 'none', scans[1:2], 1)


def test_many_scans_are_split_into_pages(tmp_path, scans, monkeypatch, read):
    write_reading_sheet(tmp_path / 'one', scans, 1)
    pictures = read(tmp_path / 'one' / 'reading' / 'reading_sheet.html').all('img')
    limit = sum(len(picture['src']) for picture in pictures) * 3 // 4
    monkeypatch.setattr(reading_sheet, 'MAX_PICTURE_CHARACTERS', limit)
    written, _ = write_reading_sheet(tmp_path, scans, 1)
    pages = [path for path in written if path.suffix == '.html']
    assert [path.name for path in pages] == ['reading_sheet.html', 'reading_sheet_2.html']
    codes = [code for path in pages for code in codes_on(path)]
    assert codes == list(key_of(tmp_path)['image_id'])
    assert 'reading_ratings_2.tsv' in pages[1].read_text('utf-8')
    assert 'part 2' in pages[1].read_text('utf-8')
    monkeypatch.undo()
    write_reading_sheet(tmp_path, scans, 1)
    assert [path.name for path in sorted((tmp_path / 'reading').glob('*.html'))] == [
        'reading_sheet.html'
    ]


def test_ratings_are_never_lost(tmp_path, scans):
    write_reading_sheet(tmp_path, scans, 1)
    table = tmp_path / 'reading' / 'reading_ratings.tsv'
    filled = table.read_text().replace('n/a', '3', 1)
    table.write_text(filled)
    codes = list(key_of(tmp_path)['image_id'])
    # Writing the same sheet again keeps the ratings.
    write_reading_sheet(tmp_path, scans, 1)
    assert table.read_text() == filled
    assert not list(tmp_path.rglob('*_old-*'))
    # Writing another sheet renames the table and the key, which are still found.
    written, _ = write_reading_sheet(tmp_path, scans, 2)
    (old,) = (tmp_path / 'reading').glob('*_old-*')
    assert old.read_text() == filled
    assert old in written
    assert set(codes) | set(key_of(tmp_path)['image_id']) == set(find_key([tmp_path]))
    write_reading_sheet(tmp_path, scans, 3)
    assert len(list(tmp_path.glob('reading_key_old-*'))) == 2


def test_the_page_is_valid(tmp_path, scans, read):
    write_reading_sheet(tmp_path, scans, 1)
    path = tmp_path / 'reading' / 'reading_sheet.html'
    page = read(path)
    assert page.mistakes == page.open == []
    assert page.all('html') == [{'lang': 'en'}]
    ids = [attrs['id'] for _, attrs in page.elements if 'id' in attrs]
    assert len(ids) == len(set(ids))
    assert not [tag for tag in ('link', 'iframe', 'object', 'form') if page.all(tag)]
    for _, attrs in page.elements:
        assert not [name for name in attrs if name.startswith('on')]
        assert attrs.get('src', 'data:').startswith('data:')
    # Only this script may run.
    text = path.read_text('utf-8')
    (script,) = re.findall(r'<script>(.*?)</script>', text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.all('meta')[1]['content']
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")


def test_codes_consist_of_consonants(tmp_path, scans):
    write_reading_sheet(tmp_path, scans, 1)
    for code in key_of(tmp_path)['image_id']:
        assert re.fullmatch('[BCDFGHJKLMNPQRSTVWXZ]{8}', code)
