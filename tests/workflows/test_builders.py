"""Every builder matches its docstring and its recorded graph."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pvs_workflow import data
from pvs_workflow.inputs import Scan
from pvs_workflow.workflows.base import init_scan_wf
from tests.builders.workflows import BUILDERS, build

SNAPSHOTS = Path(__file__).with_name('graphs')


def section(doc, title):
    """Return the text of one underlined section, or None."""
    match = re.search(rf'^{title}\n-+\n(.*?)(?=\n\n[A-Z]\w+\n-+\n|\Z)', doc, re.M | re.S)
    return match and match.group(1)


def names(text):
    return re.findall(r'^(\w+)(?: :.*)?$', text or '', re.M)


def lines(workflow):
    """Describe a workflow's nodes and edges, sorted."""
    nodes = sorted(
        f'{name} {type(workflow.get_node(name).interface).__name__}'
        for name in workflow.list_node_names()
    )
    graph = workflow._create_flat_graph()
    edges = sorted(
        f'{source.fullname.split(".", 1)[1]}.{out} -> {target.fullname.split(".", 1)[1]}.{into}'
        for source, target, data in graph.edges(data=True)
        for out, into in data['connect']
    )
    return '\n'.join([*nodes, '', *edges]) + '\n'


@pytest.mark.parametrize('name', BUILDERS)
def test_the_docstring_matches_the_builder(name):
    builder = BUILDERS[name]
    doc = inspect.getdoc(builder)
    signature = inspect.signature(builder)
    assert len(signature.parameters) <= 9
    assert all(p.kind is p.KEYWORD_ONLY for p in signature.parameters.values())
    assert signature.parameters['name'].default == name.removeprefix('init_')
    assert names(section(doc, 'Parameters')) == list(signature.parameters)
    workflow = build(builder)
    assert workflow.name == signature.parameters['name'].default
    for title, node in (('Inputs', 'inputnode'), ('Outputs', 'outputnode')):
        identity = workflow.get_node(node) if node in workflow.list_node_names() else None
        documented = names(section(doc, title))
        assert documented == ([] if identity is None else list(identity.interface._fields))


@pytest.mark.parametrize('name', BUILDERS)
def test_builders_connect_once_with_at_most_25_edges(name):
    source = inspect.getsource(BUILDERS[name])
    assert source.count('.connect(') <= 1
    workflow = build(BUILDERS[name])
    assert len(workflow._graph.edges) <= 25


@pytest.mark.parametrize('name', BUILDERS)
def test_the_graph_matches_the_recorded_one(name):
    snapshot = SNAPSHOTS / f'{name}.txt'
    assert lines(build(BUILDERS[name])) == snapshot.read_text(), (
        f'the graph changed; if this is intended, write the new one to {snapshot.name}'
    )


def test_the_graph_of_a_scan_with_every_contrast_matches_the_recorded_one():
    scan = Scan('01', '1', *(Path(f'/data/{name}') for name in 'abc'), (('sub', '01'),))
    workflow = init_scan_wf(
        scan=scan,
        bids_dir=Path('/data'),
        output_dir=Path('/out'),
        model=data.path('cascade'),
        random_seed=1,
    )
    assert lines(workflow) == (SNAPSHOTS / 'every_contrast.txt').read_text()


def test_building_a_workflow_does_not_import_ants_or_tensorflow():
    code = (
        'import sys\n'
        'from tests.builders.workflows import BUILDERS, build\n'
        'build(BUILDERS["init_pvs_wf"])\n'
        'print({"tensorflow", "keras", "ants"} & set(sys.modules))\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout.strip() == 'set()', process.stderr
