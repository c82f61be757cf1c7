"""Property-based tests of tables, files, names and messages."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.derivatives.tables import read_records, read_table, write_table
from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.files import parse_json
from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.inputs.names import is_in_place
from pvs_workflow.inputs.scan import Scan
from pvs_workflow.lab.training.calibrate import fit_calibration
from pvs_workflow.lab.training.conformal import merge_levels, tail_quantile
from pvs_workflow.raters.ratings import read_ratings
from pvs_workflow.science.grading import GRADES, potter_grade
from pvs_workflow.science.slices import View
from pvs_workflow.tsv import format_cell

COUNTS = st.floats(0, 200)
LABELS = st.text('0123456789abcXYZ+', min_size=1, max_size=12)

TEXTS = (
    st.text(
        st.characters(blacklist_categories=('Cc', 'Cs', 'Zl', 'Zp'), blacklist_characters='"'),
        min_size=1,
        max_size=30,
    )
    .map(str.strip)
    .filter(lambda text: text not in ('', 'n/a'))
)


@st.composite
def tables(draw):
    """Draw the tables of a T2w: counts and grade."""
    counts = draw(st.lists(COUNTS, min_size=6, max_size=6))
    width = draw(st.floats(0, 50))
    views = [View(side, 3 + rank, rank, (1.0, 1.0)) for side in 'LR' for rank in (1, 2, 3)]
    lows, highs = [max(c - width, 0) for c in counts], [c + width for c in counts]
    instances = draw(st.lists(st.integers(0, 99), min_size=6, max_size=6))
    areas = draw(st.lists(st.floats(0, 2000), min_size=6, max_size=6))
    slices = [view.slice_index for view in views]
    frame = count_table(views, slices, counts, lows, highs, instances, areas, ['pass'] * 6)
    weights = np.array(draw(st.lists(st.integers(1, 1000), min_size=5, max_size=5)))
    grade = grade_table(
        participant=draw(LABELS),
        session=draw(st.none() | LABELS),
        t2w=draw(TEXTS),
        counts=frame,
        probabilities=weights / weights.sum(),
        qc='pass',
        reasons=[],
        model=draw(TEXTS),
        model_sha256='0' * 64,
    )
    return frame, grade


@given(tables())
def test_tables_agree_with_their_counts(drawn):
    counts, grade = drawn
    assert grade['potter'].item() == potter_grade(counts['count']).max() == counts['potter'].max()
    assert grade['count_max'].item() == counts['count'].max()
    assert sum(grade[f'p_potter{n}'].item() for n in GRADES) == pytest.approx(1, abs=1e-9)
    assert (counts['potter'].to_numpy() == potter_grade(counts['count'])).all()


@given(tables())
def test_tables_survive_a_round_trip(tmp_path, drawn):
    for frame, table in zip(drawn, ('epvs_counts', 'potter_grade'), strict=True):
        path, _ = write_table(frame, tmp_path / f'{table}.tsv', table)
        again = read_table(path, table)
        records = read_records(path, table)
        for name in frame.columns:
            for before, after, record in zip(
                frame[name], again[name], (row[name] for row in records), strict=True
            ):
                if before is None or (isinstance(before, float) and math.isnan(before)):
                    assert pd.isna(after)
                    assert record is None
                else:
                    assert format_cell(after) == format_cell(before) == format_cell(record)
        write_table(again, tmp_path / 'again.tsv', table)
        assert (tmp_path / 'again.tsv').read_bytes() == path.read_bytes()


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60), st.floats(0.01, 0.5))
def test_few_errors_lie_outside_the_limits(errors, miss):
    low, high = (tail_quantile(errors, miss, upper) for upper in (False, True))
    maximum = max((len(errors) + 1) * miss - 1, 0) + 1e-6
    assert sum(error > high for error in errors) <= maximum
    assert sum(error < low for error in errors) <= maximum


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80))
def test_each_level_has_enough_images_unless_it_is_the_only_one(true):
    levels = merge_levels(true, (0, 1, 11, 21, 41), minimum=10)
    assert levels[0] == 0
    assert list(levels) == sorted(set(levels))
    sizes = np.bincount(np.searchsorted(levels, true, side='right') - 1, minlength=len(levels))
    assert len(levels) == 1 or sizes.min() >= 10


@given(st.integers(0, 2**32 - 1), st.integers(20, 120), st.lists(COUNTS, min_size=6, max_size=6))
@settings(max_examples=25)
def test_intervals_contain_their_count_and_probabilities_sum_to_one(seed, n, counts):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 50, n)
    calibration = fit_calibration(np.maximum(true + rng.normal(0, 3, n), 0), true)
    low, high = calibration.interval(np.array(counts))
    assert (low >= 0).all()
    assert (low <= counts).all()
    assert (high >= counts).all()
    probabilities = calibration.grade_probabilities(np.array(counts))
    assert probabilities.min() >= 0
    assert probabilities.sum() == pytest.approx(1)


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode('latin-1')))
def test_ratings_are_read_or_refused_with_one_message(tmp_path, body):
    path = tmp_path / 'ratings.tsv'
    header = 'participant_id\themisphere\tslice\tcount\n'
    path.write_text(header + body, encoding='utf-8', errors='replace', newline='')
    try:
        ratings = read_ratings([path], lambda folder: {})
    except PVSError as error:
        assert str(error).isprintable()
        return
    for rating in ratings:
        assert rating.is_missing or 0 <= rating.potter <= 4
        assert math.isnan(rating.count) or 0 <= rating.count <= 10_000


@given(st.binary(max_size=400))
def test_bytes_are_refused_as_a_table_with_one_message(tmp_path, content):
    path = tmp_path / 'table.tsv'
    path.write_bytes(content)
    for reader in (read_records, read_table):
        with pytest.raises(PVSError) as caught:
            reader(path, 'potter_grade')
        assert str(caught.value).isprintable()


@given(st.text(max_size=2000) | st.text('\n\t\r\x1b\x00 \ud800a', max_size=3000))
def test_a_message_is_one_line_and_does_not_change_again(text):
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= 1200
    assert one_line(line) == line
    line.encode('utf-8')


@given(st.text('[]{}":,0123456789.eE+-\\udaf ntrl', max_size=200))
def test_json_is_parsed_or_raises_only_value_errors(text):
    try:
        parse_json(text)
    except ValueError:
        return


@given(st.text(max_size=40))
def test_a_path_with_valid_names_has_the_label_of_its_participant(label):
    folder = Path('/data')
    path = folder / f'sub-{label}' / 'anat' / f'sub-{label}_T2w.nii.gz'
    if is_in_place(path.relative_to(folder).as_posix()):
        assert path.relative_to(folder).parts == (f'sub-{label}', 'anat', path.name)
        assert label.isascii()
        assert label.replace('+', '').isalnum() or set(label) == {'+'}


@given(st.lists(st.none() | st.text(min_size=1, max_size=20), max_size=8))
def test_names_can_be_sorted(names):
    ordered = sorted(names, key=natural_key)
    reverse = ordered[::-1]
    assert sorted(reverse, key=natural_key) == ordered


@given(st.lists(st.tuples(LABELS, st.none() | LABELS), unique=True, min_size=2, max_size=12))
def test_different_scans_have_different_names_in_the_graph(pairs):
    names = set()
    for participant, session in pairs:
        entities = (('sub', participant), *((('ses', session),) if session else ()))
        scan = Scan(participant, session, Path('x'), None, None, entities)
        assert scan.name.replace('_', '').isalnum()
        names.add(scan.name)
    assert len(names) == len(pairs)
