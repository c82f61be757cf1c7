"""Dependencies between nodes."""

import pytest

from pvs_workflow.workflows.anatomy import init_align_wf, init_conform_wf, init_roi_wf


def predecessors(workflow, name):
    """Return the nodes that must finish before another starts."""
    graph = workflow._graph
    nodes = {node.name: node for node in graph.nodes}
    return {node.name for node in graph.predecessors(nodes[name])}


def test_the_affine_and_the_other_contrasts_do_not_wait_for_n4():
    workflow = init_conform_wf(use_t1w=True, use_flair=False, bias_correction=True, random_seed=1)
    edges = {
        (source.name, into): node.name
        for source, node, data in workflow._graph.edges(data=True)
        for _, into in data['connect']
        if node.name == 'outputnode'
    }
    assert set(edges) == {
        ('conform_t2w', 'conformed'),
        ('correct_bias', 't2w'),
        ('conform_t1w', 't1w'),
    }
    assert predecessors(init_align_wf(contrast='T1w', random_seed=1), 'align_t1w') == {'inputnode'}


@pytest.mark.parametrize('bias_correction', [True, False])
def test_n4_is_optional(bias_correction):
    workflow = init_conform_wf(
        use_t1w=False, use_flair=False, bias_correction=bias_correction, random_seed=1
    )
    assert ('correct_bias' in workflow.list_node_names()) == bias_correction


def test_the_roi_does_not_wait_for_syn():
    workflow = init_roi_wf(random_seed=1)
    assert predecessors(workflow, 'find_roi') == {'find_nuclei'}
    assert 'find_nuclei' in predecessors(workflow, 'warp_template')
