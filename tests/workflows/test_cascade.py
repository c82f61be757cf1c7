from pvs_workflow import data
from pvs_workflow.workflows.cascade import init_cascade_wf


def test_a_t2w_without_other_contrasts_has_no_contrast_fits():
    workflow = init_cascade_wf(model=data.path('cascade'), model_sha256='0', random_seed=1)
    assert workflow.get_node('inputnode').inputs.fits == []


def test_another_model_reruns_only_the_nodes_that_use_it():
    """Nodes are rerun if their hash differs; it does not depend on the path of the model."""

    def hashes(sha256, model='cascade'):
        workflow = init_cascade_wf(model=data.path(model), model_sha256=sha256, random_seed=1)
        names = ('cut_images', 'run_cascade', 'find_epvs', 'assess_quality')
        return {
            name: workflow.get_node(name).inputs.get_hashval(hash_method='content')[1]
            for name in names
        }

    first, second = hashes('0'), hashes('1')
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {'cut_images', 'run_cascade'}
    assert hashes('0', 'nuclei') == first
