"""Figures of a phantom, and checks of HTML pages."""

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from pvs_workflow.report.alignment import registration_figure
from pvs_workflow.report.anatomy import roi_figure
from pvs_workflow.report.charts import grade_figure
from pvs_workflow.report.images import ENHANCED_WINDOW, evidence_figure, images_figure
from pvs_workflow.report.saving import save_figure
from tests.builders.phantom import make_phantom


def draw_everything(folder: Path) -> None:
    """Draw each kind of figure, which takes seconds."""
    ph = make_phantom()
    labels = np.zeros((6, 80, 96), dtype=int)
    labels[:, 30:33, 40] = 1
    positions, zeros = (ph.views, ph.slices), np.zeros(6)
    figures = {
        'evidence': evidence_figure(ph.images, labels, *positions, zeros, zeros, zeros, ph.rois),
        'images': images_figure(ph.images, *positions),
        'enhanced': images_figure(ph.images / 2, *positions, ENHANCED_WINDOW),
        'roi': roi_figure(ph.t2w, ph.affine, ph.roi, *positions, ph.structures),
        't1wreg': registration_figure(ph.t2w, ph.t2w[::-1], ph.affine, ph.roi),
        'grade': grade_figure([0.05, 0.1, 0.25, 0.45, 0.15], 3),
    }
    for desc, figure in figures.items():
        save_figure(figure, folder / f'desc-{desc}_T2w.svg')


class Page(HTMLParser):
    """A parsed page: elements with attributes, text and table cells."""

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


def assert_sound(page: Page):
    """Check nesting, ids, scripts, links and alternative texts of a page."""
    assert page.mistakes == []
    assert page.open == []
    assert page.all('html') == [{'lang': 'en'}]
    ids = [attrs['id'] for _, attrs in page.elements if 'id' in attrs]
    assert len(ids) == len(set(ids))
    assert not [tag for tag in ('link', 'iframe', 'object') if page.all(tag)]
    _assert_scripts_are_allowed(page)
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
    for image in page.all('img'):
        assert len(image['alt']) > 10
    for label in page.all('label'):
        assert label['for'] in ids


def _assert_scripts_are_allowed(page: Page):
    (policy,) = (m['content'] for m in page.all('meta') if 'http-equiv' in m)
    rules = dict(rule.strip().split(' ', 1) for rule in policy.split(';'))
    assert rules['default-src'] == "'none'"
    assert page.all('script') == [{}] * len(page.scripts)
    digests = [hashlib.sha256(script.encode()).digest() for script in page.scripts]
    allowed = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert rules.get('script-src', '').split() == allowed
