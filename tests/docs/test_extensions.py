import argparse
import importlib.util
import shutil

import pytest
from docutils import nodes

from tests.builders.docs import DOCS, sphinx

SNIPPET = """
from nipype.interfaces import utility as niu
from nipype.pipeline import engine as pe
wf = pe.Workflow(name='small_wf')
first, second, alone = (
    pe.Node(niu.IdentityInterface(fields=['image', 'mask']), name=name)
    for name in ('first', 'second', 'alone')
)
wf.connect([(first, second, [('mask', 'mask'), ('image', 'image')])])
wf.add_nodes([alone])
"""
TEMPLATE = (DOCS / 'conf.py').read_text('utf-8').split('wf_template = """')[1].split('"""')[0]
CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / '_ext')!r})
extensions = ['nipype.sphinxext.plot_workflow', 'workflow_graphs']
wf_formats = ['svg']
wf_template = {TEMPLATE!r}
"""


def load(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / '_ext' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small_project(folder):
    folder.mkdir()
    (folder / 'conf.py').write_text(CONF)
    lines = [f'   {line}' for line in SNIPPET.splitlines()]
    page = ['Small', '=====', '', '.. workflow::', '   :graph2use: orig', *lines, '']
    (folder / 'index.rst').write_text('\n'.join(page))
    return folder


def test_a_workflow_is_described_as_text():
    graphs = load('workflow_graphs')
    text = graphs.describe(graphs.run_snippet(SNIPPET))
    assert text == 'first -> second: image, mask\nalone'


@pytest.mark.slow
def test_without_graphviz_graphs_are_text(tmp_path):
    process = sphinx(small_project(tmp_path / 'source'), tmp_path / 'out', PATH='')
    assert process.returncode == 0, process.stderr
    page = (tmp_path / 'out' / 'html' / 'index.html').read_text()
    assert 'first -&gt; second: image, mask' in page
    assert '<img' not in page.partition('<div class="body"')[2].partition('</div>')[0]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which('dot'), reason='Graphviz is not installed')
def test_with_graphviz_graphs_are_drawn(tmp_path):
    process = sphinx(small_project(tmp_path / 'source'), tmp_path / 'out')
    assert process.returncode == 0, process.stderr
    (drawn,) = (tmp_path / 'out' / 'html' / '_images').glob('*.svg')
    assert all(name in drawn.read_text() for name in ('first', 'second'))


def make_parser():
    parser = argparse.ArgumentParser(prog='tool')
    parser.add_argument('level', choices=('one', 'all'), help='which level')
    group = parser.add_argument_group('what ePVS are')
    group.add_argument('--n-cpus', '--n_cpus', default=7, metavar='N', help='of %(default)s')
    group.add_argument('--size', default=3, help='(default: much, %(default)s here)')
    group.add_argument('--label', nargs='+', metavar='LABEL', help='90 %% of them')
    group.add_argument('--hidden', help=argparse.SUPPRESS)
    commands = parser.add_subparsers(prog='tool')
    commands.add_parser('run', help='run ePVS').add_argument('--fast', action='store_true')
    return parser


def test_a_parser_becomes_sections_of_definitions():
    sections = list(load('parsers').describe(make_parser()))
    titles = [node.next_node(nodes.title).astext() for node in sections[1:]]
    assert titles == ['Arguments', 'Options', 'What ePVS are', 'tool run']
    terms = [term.astext() for term in sections[3].findall(nodes.term)]
    assert terms == ['--n-cpus, --n_cpus N', '--size SIZE', '--label LABEL [LABEL ...]']
    texts = [text.astext() for text in sections[3].findall(nodes.definition)]
    assert texts == ['of 7', '(default: much)', '90 % of them']
    assert sections[1].next_node(nodes.term).astext() == 'level {one,all}'
    assert sections[4].next_node(nodes.paragraph).astext() == 'Run ePVS.'
    assert sections[4]['ids'] == ['tool-run']


def test_docstrings_of_constants_are_unchanged():
    handlers = {}

    class App:
        def connect(self, event, handler, priority):
            handlers[priority] = handler

    load('constants').setup(App())
    lines = ['Images that are needed: the rank is 19.']
    arguments = (None, 'data', 'module.NAME', 19, None, lines)
    handlers[400](*arguments)
    lines[:] = ['the rank is 19.', ':type: Images that are needed']
    handlers[600](*arguments)
    assert lines == ['Images that are needed: the rank is 19.']
