"""A phantom head, its figures and results, and pages as a browser would see them."""

import base64
import hashlib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pvs_workflow.report import figures
from tests.builders.phantom import Phantom, make_phantom
from tests.builders.results import save_result


@pytest.fixture(name='make_phantom')
def _make_phantom() -> Callable[..., Phantom]:
    return make_phantom


@pytest.fixture
def phantom() -> Phantom:
    return make_phantom()


@pytest.fixture(scope='session')
def drawings(tmp_path_factory) -> Path:
    """Draw figures once for all tests, for they take seconds."""
    folder = tmp_path_factory.mktemp('drawings')
    ph = make_phantom()
    labels = np.zeros((6, 80, 96), dtype=int)
    labels[:, 30:33, 40] = 1
    zeros = np.zeros(6)
    made = {
        'evidence': figures.evidence_figure(
            ph.images, labels, ph.views, ph.slices, zeros, zeros, zeros
        ),
        'images': figures.images_figure(ph.images, ph.views, ph.slices),
        'enhanced': figures.enhanced_figure(ph.images / 2, ph.views, ph.slices),
        't1wreg': figures.registration_figure(ph.t2w, ph.t2w[::-1], ph.affine, ph.roi),
        'grade': figures.grade_figure([0.05, 0.1, 0.25, 0.45, 0.15], 3),
    }
    for desc, figure in made.items():
        figures.save_figure(figure, folder / f'desc-{desc}_T2w.svg')
    roi = figures.roi_figure(ph.t2w, ph.affine, ph.roi, ph.views, ph.slices)
    figures.save_figure(roi, folder / 'desc-roi_T2w.png')
    return folder


@pytest.fixture
def save_results(drawings) -> Callable[..., str]:
    """Write a T2w's results, with pictures unless told otherwise; return its name."""

    def save(folder: Path, *, pictures: bool = True, **kwargs) -> str:
        return save_result(folder, pictures=drawings if pictures else None, **kwargs).name

    return save


class Page(HTMLParser):
    """What a browser would see: elements with attributes, text, table cells."""

    VOID = ('meta', 'img', 'input', 'br', 'link', 'hr')

    def __init__(self, text: str):
        super().__init__()
        self.elements, self.words, self.open, self.cells = [], [], [], []
        self.mistakes, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ('td', 'th'):
            self.cells.append('')

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == 'script':
            self.scripts.append(data)
        elif self.open and self.open[-1] != 'style':
            self.words.append(data)
        if 'td' in self.open or 'th' in self.open:
            self.cells[-1] += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def text(self):
        return ' '.join(' '.join(self.words).split())


def _assert_sound(page: Page):
    """Hold for every page: well nested, told apart by id, nothing fetched, all pictures named."""
    assert page.mistakes == []
    assert page.open == []
    assert page.all('html') == [{'lang': 'en'}]
    ids = [attrs['id'] for _, attrs in page.elements if 'id' in attrs]
    assert len(ids) == len(set(ids))
    assert not [tag for tag in ('link', 'iframe', 'object') if page.all(tag)]
    _assert_scripts_are_the_allowed_ones(page)
    for tag, attrs in page.elements:
        assert not [name for name in attrs if name.startswith('on')]
        source = attrs.get('src', 'data:')
        assert source.startswith('data:')
        if tag != 'a':
            assert 'href' not in attrs
        elif attrs['href'].startswith('http'):
            assert attrs['href'].startswith('https://doi.org/10.')
        elif attrs['href'].startswith('#'):
            assert attrs['href'][1:] in ids
    for picture in page.all('img'):
        assert len(picture['alt']) > 10
    for label in page.all('label'):
        assert label['for'] in ids


def _assert_scripts_are_the_allowed_ones(page: Page):
    (policy,) = (m['content'] for m in page.all('meta') if 'http-equiv' in m)
    rules = dict(rule.strip().split(' ', 1) for rule in policy.split(';'))
    assert rules['default-src'] == "'none'"
    assert page.all('script') == [{}] * len(page.scripts)
    digests = [hashlib.sha256(script.encode()).digest() for script in page.scripts]
    allowed = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert rules.get('script-src', '').split() == allowed


@pytest.fixture
def read() -> Callable[[Path], Page]:
    return lambda path: Page(path.read_text(encoding='utf-8'))


@pytest.fixture
def read_cells() -> Callable[[str], list[str]]:
    return lambda html: Page(html).cells


@pytest.fixture
def assert_sound() -> Callable[[Page], None]:
    return _assert_sound
