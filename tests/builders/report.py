"""A head that can be told apart: a bright spot on the person's left, another at the back."""

import base64
import hashlib
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from pvs_workflow.derivatives.tables import count_table, grade_table, write_table
from pvs_workflow.files import copy_file
from pvs_workflow.report import figures
from pvs_workflow.science.slices import View, cut_image, find_views

AFFINE = np.diag([1.2, 1.2, 5.0, 1.0])
SHAPE = (140, 170, 12)
LEFT_SPOT = (slice(46, 50), slice(84, 88))  # in the lateral half of the left image
BACK_SPOT = (slice(66, 74), slice(24, 34))


@dataclass(frozen=True)
class Phantom:
    t2w: np.ndarray
    affine: np.ndarray
    structures: np.ndarray
    roi: np.ndarray
    views: list[View]
    slices: list[int]

    @property
    def images(self) -> np.ndarray:
        cut = [cut_image(self.t2w, self.affine, view) for view in self.views]
        return np.clip(np.array(cut) / 1000, 0, 1)

    @property
    def rois(self) -> np.ndarray:
        cut = [cut_image(self.roi, self.affine, view, order=0) for view in self.views]
        return np.array(cut) > 0


def make_phantom(left_spot: bool = True, back_spot: bool = False) -> Phantom:
    x, y, _ = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing='ij')
    head = ((x - 69.5) / 62) ** 2 + ((y - 84.5) / 78) ** 2 < 1
    t2w = np.where(head, 300.0, 0.0)
    t2w[67:73, 50:120] = 1000  # a ventricle in the middle
    structures = np.zeros(SHAPE, dtype=np.int16)
    structures[44:56, 74:100, 4:8] = 12  # left putamen
    structures[84:96, 74:100, 4:8] = 51  # right putamen
    roi = (structures == 12) + 2 * (structures == 51)
    if left_spot:
        t2w[LEFT_SPOT] = 1000
    if back_spot:
        t2w[BACK_SPOT] = 1000
    views = find_views(roi)
    return Phantom(t2w, AFFINE, structures, roi, views, [view.slice_index for view in views])


COUNTS = [3.25, 12.3457, 7.0, 0.4, 21.6, 9.99]


def write_results(
    folder: Path,
    participant: str = '01',
    session: str | None = None,
    qc: str = 'pass',
    reasons: tuple[str, ...] = (),
    pictures: Path | None = None,
) -> str:
    """Write one T2w's tables and some of its figures; return what their names begin with."""
    ph = make_phantom()
    stem = f'sub-{participant}' + (f'_ses-{session}' if session else '')
    anat = folder / f'sub-{participant}' / (f'ses-{session}' if session else '') / 'anat'
    counts = count_table(
        ph.views,
        ph.slices,
        COUNTS,
        [0.5 * count for count in COUNTS],
        [2 * count for count in COUNTS],
        [3, 11, 7, 0, 20, 9],
        [400.25, 410, 420, 430, 440, 450],
        ['pass', 'review', 'pass', 'pass', 'pass', 'pass'],
    )
    write_table(counts, anat / f'{stem}_desc-epvs_counts.tsv', 'epvs_counts')
    grades = grade_table(
        participant=participant,
        session=session,
        t2w=f'{stem}_T2w.nii.gz',
        counts=counts,
        probabilities=[0.05, 0.1, 0.25, 0.45, 0.15],
        qc=qc,
        reasons=reasons,
        model='cascade 1.2.3',
        model_sha256='0f' * 32,
    )
    write_table(grades, anat / f'{stem}_desc-potter_grade.tsv', 'potter_grade')
    if pictures is not None:
        for drawn in pictures.iterdir():
            copy_file(drawn, folder / f'sub-{participant}' / 'figures' / f'{stem}_{drawn.name}')
    return stem


def draw_everything(folder: Path) -> None:
    """Draw each kind of figure; it takes seconds."""
    ph = make_phantom()
    labels = np.zeros((6, 80, 96), dtype=int)
    labels[:, 30:33, 40] = 1
    where, zeros = (ph.views, ph.slices), np.zeros(6)
    made = {
        'evidence': figures.evidence_figure(
            ph.images, labels, *where, zeros, zeros, zeros, ph.rois
        ),
        'images': figures.images_figure(ph.images, *where),
        'enhanced': figures.enhanced_figure(ph.images / 2, *where),
        'roi': figures.roi_figure(ph.t2w, ph.affine, ph.roi, *where, ph.structures),
        't1wreg': figures.registration_figure(ph.t2w, ph.t2w[::-1], ph.affine, ph.roi),
        'grade': figures.grade_figure([0.05, 0.1, 0.25, 0.45, 0.15], 3),
    }
    for desc, figure in made.items():
        figures.save_figure(figure, folder / f'desc-{desc}_T2w.svg')


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


def assert_sound(page: Page):
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
