"""Pictures of the pages have the colours that their captions name."""

import re

import numpy as np
import pytest
from PIL import Image

from pvs_workflow.report.anatomy import NUCLEUS_COLOURS
from pvs_workflow.report.canvas import EVIDENCE_COLOUR, SIDE_COLOURS
from tests.builders.docs import DOCS, ROOT

COLOURS = {
    'orange': SIDE_COLOURS['L'],
    'blue': SIDE_COLOURS['R'],
    'green': NUCLEUS_COLOURS['caudate'],
    'pink': NUCLEUS_COLOURS['putamen'],
    'yellow': EVIDENCE_COLOUR,
    'vermilion': NUCLEUS_COLOURS['accumbens'],
}
PICTURE = re.compile(r'!\[([^\]]*)\]\(([^)\s]+\.png)\)\s*(\*[^*]+\*)?')
"""A picture with its alternative text, its path and the caption below, in italics."""
MIN_PIXELS = 20
TOLERANCE = 40
"""Largest difference of a channel; lines are blended with what is below them."""


def captions():
    """Return the text next to each picture of each page, by path."""
    texts = {}
    for page in (ROOT / 'README.md', *sorted(DOCS.glob('*.md'))):
        for alternative, path, caption in PICTURE.findall(page.read_text('utf-8')):
            texts.setdefault((page.parent / path).resolve(), []).append(alternative + caption)
    return {path: ' '.join(parts) for path, parts in texts.items()}


def named(text):
    """Return the colours that a text names."""
    return [name for name in COLOURS if re.search(rf'\b{name}\b', text, re.I)]


def count_pixels(path, colour):
    """Return how many pixels of a picture have about a colour."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert('RGB')).astype(int)
    wanted = [int(colour[index : index + 2], 16) for index in (1, 3, 5)]
    return int((np.abs(pixels - wanted) <= TOLERANCE).all(axis=-1).sum())


CAPTIONS = captions()


@pytest.mark.parametrize('path', CAPTIONS, ids=lambda path: path.name)
def test_the_colours_of_a_caption_are_in_its_picture(path):
    missing = [
        name for name in named(CAPTIONS[path]) if count_pixels(path, COLOURS[name]) < MIN_PIXELS
    ]
    assert not missing


def test_the_figure_of_the_method_names_its_colours():
    path = DOCS / 'images' / 'methods.png'
    assert len(named(CAPTIONS[path])) >= 5


def test_grey_pictures_fail(tmp_path):
    path = tmp_path / 'grey.png'
    with Image.open(DOCS / 'images' / 'methods.png') as picture:
        picture.convert('L').save(path)
    assert all(count_pixels(path, colour) < MIN_PIXELS for colour in COLOURS.values())
