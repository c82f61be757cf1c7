import math

import numpy as np
import pytest

from pvs_workflow.raters.matching import Item, MatchedRatings, Results, Score
from pvs_workflow.raters.rater_agreement import agreement_table, pair_raters
from pvs_workflow.report import agreement_section
from pvs_workflow.report.agreement_section import confusion_figure, differences_figure
from pvs_workflow.report.rendering import write_page
from pvs_workflow.science.grading import potter_grade

PEOPLE = 8


def scores(counts):
    """Return the scores of each person: six images and the whole T2w."""
    items = {}
    for person, six in enumerate(counts):
        whole = Item(f'sub-{person}', '', 't')
        for item, count in zip(whole.images, six, strict=True):
            items[item] = Score(float(count), float(potter_grade(count)))
        items[whole] = Score(float(max(six)), float(potter_grade(max(six))))
    return items


def make(*names, **excluded):
    rng = np.random.default_rng(0)
    true = rng.poisson(12, (PEOPLE, 6))
    raters = {name: scores(true + rng.integers(0, 3, true.shape)) for name in names}
    numbers = dict.fromkeys(('n_missing', 'n_unknown', 'n_other', 'n_incomplete'), 0) | excluded
    results = Results(scores(true), frozenset(), {})
    return MatchedRatings(
        raters=dict(sorted(raters.items())), results=results, problems=(), **numbers
    )


@pytest.fixture
def show(tmp_path, read):
    """Return a function that writes a page of the section only, and parses it."""

    def call(matched):
        pairs = pair_raters(matched)
        section = agreement_section.agreement_section(matched, pairs, agreement_table(pairs))
        return read(write_page(tmp_path / 'page.html', 'agreement.html.j2', section=section))

    return call


def test_every_pair_has_its_rows_and_figures(show):
    page = show(make('Anna', 'Bo'))
    assert page.mistakes == []
    titles = ('Model and Anna', 'Model and Bo', 'Anna and Bo')
    assert all(title in page.text for title in titles)
    assert len(page.all('img')) == 2 * len(titles)
    assert len(page.all('tr')) == 2 * (1 + 2 * len(titles))
    for picture in page.all('img'):
        assert picture['src'].startswith('data:image/svg+xml,')
        assert f'{6 * PEOPLE} images: ' in picture['alt']
        assert f'{PEOPLE} T2w: ' in picture['alt']


def test_figures_have_a_description_in_words(show):
    matched = make('Anna')
    (pair,) = (p for p in pair_raters(matched) if (p.level, p.quantity) == ('person', 'potter'))
    difference = np.abs(np.diff(pair.numbers)).ravel()
    same, one = ((difference == grades).sum() for grades in (0, 1))
    words = f'8 T2w: {same} have the same grade, {one} differ by one'
    assert words in show(matched).all('img')[0]['alt']


def test_excluded_ratings_are_counted(show, monkeypatch):
    monkeypatch.setattr(agreement_section, 'MAX_PAIRS', 0)
    text = show(make('Anna', n_missing=3, n_other=4)).text
    assert 'Rows without a rating (n/a): 3.' in text
    assert 'not among the six: 4.' in text
    assert 'without a usable result' not in text
    assert 'without a usable result: 2.' in show(make('Anna', n_unknown=2)).text


def test_a_section_without_pairs_has_no_tables_or_pictures(show):
    empty = MatchedRatings({'A': {}}, Results({}, frozenset(), {}), 0, 2, 0, 0, ('x',))
    page = show(empty)
    assert 'There is nothing to compare' in page.text
    assert page.all('table') == page.all('img') == []


def test_undefined_numbers_are_shown_as_missing(show):
    one = MatchedRatings(
        {'A': {Item('sub-0', '', 't'): Score(math.nan, 2.0)}},
        Results(scores([[3] * 6]), frozenset(), {}),
        0,
        0,
        0,
        0,
        (),
    )
    page = show(one)
    assert 'n/a' in page.cells
    assert not [cell for cell in page.cells if 'nan' in cell]


def test_hostile_names_stay_text(show, monkeypatch):
    monkeypatch.setattr(agreement_section, 'MAX_PAIRS', 4)  # pairs with the model
    names = ['<script>alert(1)</script>', '=1+1', 'x' * 300, 'Ä\u202eß 🧠 $x_1$']
    page = show(make(*names))
    assert page.all('script') == []
    assert page.mistakes == []
    for name in names:
        assert name in page.text
    assert max(len(cell) for cell in page.cells) < 60


def test_many_raters_are_not_all_drawn(show, monkeypatch):
    monkeypatch.setattr(agreement_section, 'MAX_PAIRS', 2)
    page = show(make(*'ABCD'))
    assert len(page.all('img')) == 2 * 2
    assert f'{4 + 6 - 2} more pairs are in the table only' in page.text


def test_truncated_names_still_differ(show):
    names = ['x' * 99 + end for end in 'ab']
    page = show(make(*names))
    assert f'Model and {"x" * 30}…' in page.text
    assert f'{"x" * 30}… and {"x" * 30}… (2)' in page.text


GRADES = np.array([[0, 0], [1, 1], [1, 2], [1, 2], [4, 4]])
COUNTS = np.array([[3.0, 1.0], [10.0, 12.0], [30.0, 20.0]])


def test_cells_contain_the_numbers_of_each_pair_of_grades():
    axes = confusion_figure([('five images', GRADES)], ('model', 'rater')).axes[0]
    numbers = {text.get_position(): text.get_text() for text in axes.texts}
    # Columns are the first's grades, rows the second's.
    assert numbers[1, 2] == '2'
    assert numbers[2, 1] == '0'
    assert sum(map(int, numbers.values())) == len(GRADES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('model', 'rater')
    assert axes.get_title() == 'five images'


def test_a_row_is_coloured_by_its_proportions():
    (picture,) = confusion_figure([('', GRADES)], ('a', 'b')).axes[0].images
    proportions = picture.get_array()
    assert proportions[2].tolist() == [0, 1, 0, 0, 0]
    assert proportions[3].sum() == 0


def test_differences_are_plotted_against_means_with_bias_and_limits():
    axes = differences_figure([('', COUNTS)], 'one − two').axes[0]
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[2, 2], [11, -2], [25, 10]]
    differences = COUNTS[:, 0] - COUNTS[:, 1]
    low, bias, high = sorted(line.get_ydata()[0] for line in axes.lines)
    assert bias == pytest.approx(differences.mean())
    assert high - bias == pytest.approx(1.96 * differences.std(ddof=1))
    assert bias - low == pytest.approx(high - bias)
    assert -axes.get_ylim()[0] == axes.get_ylim()[1] > high


def test_panels_have_the_same_scale_and_their_titles():
    first, second = differences_figure([('a', COUNTS), ('b', 3 * COUNTS)], 'd').axes
    assert first.get_ylim() == second.get_ylim()
    assert (first.get_title(), second.get_title()) == ('a', 'b')
    assert first.get_position().width == pytest.approx(second.get_position().width)
    assert first.get_position().x1 < second.get_position().x0
