"""What must hold for all values, tried on those that hypothesis thinks of."""

import math
from datetime import timedelta
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.affines import apply_affine

from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.derivatives.tables import read_records, read_table, write_table
from pvs_workflow.errors import ImageError, PVSError, one_line
from pvs_workflow.files import parse_json
from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.inputs.names import is_in_place
from pvs_workflow.inputs.scan import Scan
from pvs_workflow.raters.ratings import read_ratings
from pvs_workflow.science.checks import check_shape
from pvs_workflow.science.geometry import check_affine, to_canonical, to_stored
from pvs_workflow.science.grading import GRADES, person_grade, potter_grade
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slab_slices
from pvs_workflow.science.slices import (
    IMAGE_SHAPE,
    View,
    choose_slices,
    cut_image,
    find_views,
    paste_image,
)
from pvs_workflow.tsv import format_cell
from pvs_workflow.uncertainty.calibration import fit_calibration
from pvs_workflow.uncertainty.conformal import fill_levels, tail_end

settings.register_profile(
    'repeatable',
    derandomize=True,
    max_examples=60,
    deadline=timedelta(seconds=5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile('repeatable')

ORIENTATIONS = [
    (order, flips) for order in permutations(range(3)) for flips in product((1, -1), repeat=3)
]
SIZES = st.floats(0.1, 12.0)
SHAPES = st.tuples(*[st.integers(2, 6)] * 3)
COUNTS = st.floats(0, 200)
LABELS = st.text('0123456789abcXYZ+', min_size=1, max_size=12)


def turned(angles) -> np.ndarray:
    out = np.eye(3)
    for axis, angle in enumerate(angles):
        one, other = (axis + 1) % 3, (axis + 2) % 3
        part = np.eye(3)
        part[one, one] = part[other, other] = math.cos(angle)
        part[one, other], part[other, one] = -math.sin(angle), math.sin(angle)
        out = out @ part
    return out


@st.composite
def grids(draw, most_angle=0.6):
    """Draw a volume whose voxels say where they are, and its affine: any order, and oblique."""
    order, flips = draw(st.sampled_from(ORIENTATIONS))
    angles = draw(st.tuples(*[st.floats(-most_angle, most_angle)] * 3))
    directions = turned(angles) @ (np.eye(3)[:, list(order)] * flips)
    affine = np.eye(4)
    affine[:3, :3] = directions * draw(st.tuples(SIZES, SIZES, SIZES))
    affine[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    shape = draw(SHAPES)
    return np.arange(np.prod(shape)).reshape(shape), affine


@given(grids())
def test_canonical_order_keeps_every_voxel_in_its_place(grid):
    data, affine = grid
    check_affine(affine)
    canonical, new, storage = to_canonical(data, affine)
    where = np.argwhere(np.ones(canonical.shape, bool))
    before = np.empty((data.size, 3))
    before[data.ravel()] = apply_affine(affine, np.argwhere(np.ones(data.shape, bool)))
    found = apply_affine(new, where)
    np.testing.assert_allclose(found, before[canonical[tuple(where.T)]], atol=0.01)
    axes = np.abs(new[:3, :3] / np.linalg.norm(new[:3, :3], axis=0))
    if axes.max(axis=0).min() > 0.75:
        assert (np.diag(new)[:3] > 0).all()
    np.testing.assert_array_equal(to_stored(canonical, storage), data)


@given(grids(most_angle=0.0))
def test_all_48_orders_of_one_volume_have_one_canonical_form(grid):
    data, affine = grid
    canonical, new, _ = to_canonical(data, affine)
    for order, flips in ORIENTATIONS:
        moved = np.transpose(canonical, order)[tuple(slice(None, None, flip) for flip in flips)]
        step = np.zeros((4, 4))
        step[3, 3] = 1
        for axis, (old, flip) in enumerate(zip(order, flips, strict=True)):
            step[old, axis] = flip
            step[old, 3] = 0 if flip > 0 else canonical.shape[old] - 1
        again, affine_again, _ = to_canonical(moved, new @ step)
        np.testing.assert_array_equal(again, canonical)
        np.testing.assert_allclose(affine_again, new, atol=2e-3)


@given(st.lists(st.floats(width=32), min_size=16, max_size=16))
def test_any_affine_is_either_refused_or_can_be_inverted(values):
    affine = np.array(values, float).reshape(4, 4)
    affine[3] = 0, 0, 0, 1
    with np.errstate(all='ignore'):
        try:
            check_affine(affine)
        except ImageError:
            return
    assert np.isfinite(np.linalg.inv(affine)).all()


@given(st.lists(st.integers(-(2**63), 2**63), max_size=8))
def test_any_shape_is_either_refused_or_three_numbers(shape):
    try:
        kept = check_shape(tuple(shape))
    except ImageError:
        return
    assert len(kept) == 3
    assert math.prod(kept) == math.prod(shape)


@given(SHAPES, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_slab_is_the_mean_of_its_slices_and_keeps_their_labels(shape, n, seed):
    data = np.random.default_rng(seed).integers(0, 3, shape)
    slabs, labels = average_slabs(data, n), slab_labels(data, n)
    assert slabs.shape[2] == labels.shape[2] == shape[2] // n
    for slab in range(slabs.shape[2]):
        here = data[:, :, list(slab_slices(slab, n))]
        np.testing.assert_allclose(slabs[:, :, slab], here.mean(axis=2), rtol=1e-6)
        for value in (1, 2):
            whole = (here == value).all(axis=2)
            assert (labels[:, :, slab][whole] == value).all()
            assert not ((labels[:, :, slab] == value) & ~(here == value).any(axis=2)).any()
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    middle = (n - 1) / 2
    np.testing.assert_allclose(slab_affine(affine, n)[:3, 3], affine[:3, 2] * middle)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=12))
def test_no_three_slices_hold_more_than_those_that_are_chosen(areas):
    if not any(areas):
        with pytest.raises(ImageError, match='basal ganglia'):
            choose_slices(np.array(areas))
        return
    first = choose_slices(np.array(areas))
    sums = [sum(areas[start : start + 3]) for start in range(len(areas) - 2)]
    assert sums[first] == max(sums)
    assert sums.index(max(sums)) == first


@given(st.integers(0, 2**32 - 1))
def test_views_lie_in_the_volume_and_come_in_order(seed):
    roi = np.random.default_rng(seed).integers(0, 3, (12, 10, 5))
    views = find_views(roi)
    assert [(view.hemisphere, view.rank) for view in views] == [*product('LR', (1, 2, 3))]
    for view in views:
        assert 0 <= view.slice_index < 5
        assert all(0 <= at <= edge for at, edge in zip(view.centre, roi.shape, strict=False))


@given(st.floats(0.3, 1.5), st.floats(20, 100), st.floats(20, 100), st.integers(0, 2**32 - 1))
def test_cutting_and_pasting_invent_no_value(size, x, y, seed):
    volume = np.random.default_rng(seed).random((110, 120, 1), dtype=np.float32)
    affine = np.diag([size, size, 5.0, 1.0])
    view = View('L', 0, 1, (x, y))
    image = cut_image(volume, affine, view)
    assert image.shape == IMAGE_SHAPE
    assert image.min() >= 0
    assert image.max() <= volume.max() + 1e-6
    back, inside = paste_image(image, volume.shape[:2], affine, view)
    assert not back[~inside].any()
    assert back.max() <= image.max() + 1e-6


@given(st.lists(COUNTS, min_size=1, max_size=8))
def test_grades_rise_with_counts(counts):
    grades = potter_grade(sorted(counts))
    assert set(grades.tolist()) <= set(GRADES)
    assert (np.diff(grades) >= 0).all()
    assert person_grade(counts) == grades[-1]


@given(st.one_of(st.just(math.nan), st.just(math.inf), st.floats(max_value=-1e-9)))
def test_what_is_no_count_has_no_grade(count):
    with pytest.raises(ValueError, match='counts must be finite'):
        potter_grade([count])


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
    """Draw the tables of a T2w."""
    counts = draw(st.lists(COUNTS, min_size=6, max_size=6))
    width = draw(st.floats(0, 50))
    views = [View(side, 3 + rank, rank, (1.0, 1.0)) for side in 'LR' for rank in (1, 2, 3)]
    lows, highs = [max(c - width, 0) for c in counts], [c + width for c in counts]
    whole = draw(st.lists(st.integers(0, 99), min_size=6, max_size=6))
    areas = draw(st.lists(st.floats(0, 2000), min_size=6, max_size=6))
    slices = [view.slice_index for view in views]
    frame = count_table(views, slices, counts, lows, highs, whole, areas, ['pass'] * 6)
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
def test_tables_hold_what_they_were_made_of(made):
    counts, grade = made
    assert grade['potter'].item() == potter_grade(counts['count']).max() == counts['potter'].max()
    assert grade['count_max'].item() == counts['count'].max()
    assert sum(grade[f'p_potter{n}'].item() for n in GRADES) == pytest.approx(1, abs=1e-9)
    assert (counts['potter'].to_numpy() == potter_grade(counts['count'])).all()


@given(tables())
def test_tables_come_back_from_files_as_they_were(tmp_path, made):
    for frame, table in zip(made, ('epvs_counts', 'potter_grade'), strict=True):
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
def test_few_errors_lie_beyond_the_ends(errors, miss):
    low, high = (tail_end(errors, miss, upper) for upper in (False, True))
    most = max((len(errors) + 1) * miss - 1, 0) + 1e-6
    assert sum(error > high for error in errors) <= most
    assert sum(error < low for error in errors) <= most


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80))
def test_levels_are_full_or_the_only_one(true):
    levels = fill_levels(true, (0, 1, 11, 21, 41), least=10)
    assert levels[0] == 0
    assert list(levels) == sorted(set(levels))
    sizes = np.bincount(np.searchsorted(levels, true, side='right') - 1, minlength=len(levels))
    assert len(levels) == 1 or sizes.min() >= 10


@given(st.integers(0, 2**32 - 1), st.integers(20, 120), st.lists(COUNTS, min_size=6, max_size=6))
@settings(max_examples=25)
def test_intervals_hold_their_count_and_probabilities_sum_to_one(seed, n, counts):
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
def test_any_ratings_are_read_or_refused_in_one_sentence(tmp_path, body):
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
def test_any_bytes_are_a_table_or_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / 'table.tsv'
    path.write_bytes(content)
    for reader in (read_records, read_table):
        with pytest.raises(PVSError) as caught:
            reader(path, 'potter_grade')
        assert str(caught.value).isprintable()


@given(st.text(max_size=2000) | st.text('\n\t\r\x1b\x00 \ud800a', max_size=3000))
def test_a_message_is_one_line_and_stays_it(text):
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= 1200
    assert one_line(line) == line
    line.encode('utf-8')


@given(st.text('[]{}":,0123456789.eE+-\\udaf ntrl', max_size=200))
def test_json_is_parsed_or_refused_by_value_error_alone(text):
    try:
        parse_json(text)
    except ValueError:
        return


@given(st.text(max_size=40))
def test_a_name_in_its_place_tells_whose_it_is(label):
    folder = Path('/data')
    path = folder / f'sub-{label}' / 'anat' / f'sub-{label}_T2w.nii.gz'
    if is_in_place(path.relative_to(folder).as_posix()):
        assert path.relative_to(folder).parts == (f'sub-{label}', 'anat', path.name)
        assert label.isascii()
        assert label.replace('+', '').isalnum() or set(label) == {'+'}


@given(st.lists(st.none() | st.text(min_size=1, max_size=20), max_size=8))
def test_any_names_can_be_put_in_order(names):
    ordered = sorted(names, key=natural_key)
    turned_round = ordered[::-1]
    assert sorted(turned_round, key=natural_key) == ordered


@given(st.lists(st.tuples(LABELS, st.none() | LABELS), unique=True, min_size=2, max_size=12))
def test_names_in_the_graph_are_as_different_as_the_scans(pairs):
    names = set()
    for participant, session in pairs:
        entities = (('sub', participant), *((('ses', session),) if session else ()))
        scan = Scan(participant, session, Path('x'), None, None, entities)
        assert scan.name.replace('_', '').isalnum()
        names.add(scan.name)
    assert len(names) == len(pairs)
