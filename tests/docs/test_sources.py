"""Checks of the Markdown itself, as repository viewers show it."""

import re

import pytest

from pvs_workflow.derivatives.columns import TABLES, columns_markdown
from scripts.make_constants_table import PAGE, fill
from tests.builders.docs import DOCS, ROOT

FILES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted(DOCS.glob('*.md'))]
LINK = re.compile(r'\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)')
FENCE = re.compile(r'^```.*?^```$', re.M | re.S)
TREE = re.compile(r'^```\nresults/\n(.*?)^```$', re.M | re.S)
INCLUDE = re.compile(r'^```\{include\} (\S+)$', re.M)
BLOCK = re.compile(r'<!-- columns of (\w+) -->\n(.*?)<!-- end -->', re.S)


def anchors(path):
    """Return the anchors of a page's headings, as viewers of repositories make them."""
    text = path.read_text('utf-8')
    for name in INCLUDE.findall(text):
        text += (path.parent / name).read_text('utf-8')
    headings = re.findall(r'^#+ (.*)$', FENCE.sub('', text), re.M)
    return {re.sub(r'[^\w\- ]', '', text.lower()).replace(' ', '-') for text in headings}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_relative_links_lead_to_files_and_headings(path):
    for target, anchor in LINK.findall(FENCE.sub('', path.read_text('utf-8'))):
        file = path.parent / target if target else path
        assert file.is_file(), target
        if anchor:
            assert anchor in anchors(file), (target, anchor)


def test_the_index_names_every_page():
    text = (DOCS / 'index.md').read_text('utf-8')
    listed = set(re.findall(r'\]\((\w+)\.md\)', text))
    in_contents = set(re.findall(r'^(\w+)$', ''.join(FENCE.findall(text)), re.M))
    assert listed == in_contents == {path.stem for path in DOCS.glob('*.md')} - {'index'}


def test_blocks_of_columns_are_those_of_the_dictionaries():
    blocks = BLOCK.findall((DOCS / 'outputs.md').read_text('utf-8'))
    assert len(blocks) >= 3
    for name, text in blocks:
        assert name in TABLES
        assert text == columns_markdown(name)


@pytest.mark.parametrize(
    'path', [ROOT / 'README.md', DOCS / 'usage.md'], ids=lambda path: path.name
)
def test_the_tree_of_a_first_run_shows_files_that_are_written(path):
    (tree,) = TREE.findall(path.read_text('utf-8'))
    names = set(re.findall(r'── (\S+\.\w+)', tree))
    written = (ROOT / 'tests' / 'end_to_end' / 'tree.txt').read_text('utf-8').split()
    assert len(names) >= 4
    assert names <= {file.rpartition('/')[2] for file in written}


def test_the_table_of_constants_is_that_of_the_code():
    text = PAGE.read_text('utf-8')
    assert fill(text) == text, 'run python scripts/make_constants_table.py'
