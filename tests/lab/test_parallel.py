import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from pvs_workflow.errors import NoInputError, ResourceError
from pvs_workflow.lab.parallel import parallel_map


def threads(item):
    np.dot(1, item)  # loads NumPy's linear algebra, whose threads are counted
    return item, os.getpid(), {pool['num_threads'] for pool in threadpool_info()}


def refuse_two(item):
    if item == 2:
        raise NoInputError('there is nothing to read')
    return item


def die(item):
    if item == 1:
        os.kill(os.getpid(), 9)
    return item


@pytest.mark.parametrize('n_jobs', [1, 2])
def test_results_come_in_order(n_jobs):
    assert list(parallel_map(abs, range(-5, 5), n_jobs)) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    assert not list(parallel_map(abs, [], n_jobs))


@pytest.mark.parametrize('n_jobs', [1, 2])
def test_linear_algebra_uses_one_thread_and_the_parent_keeps_its_setting(n_jobs):
    before = threadpool_info()
    results = list(parallel_map(threads, range(4), n_jobs))
    assert [item for item, _, _ in results] == [0, 1, 2, 3]
    assert (os.getpid() in {process for _, process, _ in results}) == (n_jobs == 1)
    assert {number for _, _, numbers in results for number in numbers} == {1}
    assert threadpool_info() == before


@pytest.mark.parametrize('n_jobs', [1, 2])
def test_an_error_keeps_its_class_and_names_the_item(n_jobs):
    results = parallel_map(refuse_two, [1, 2, 3], n_jobs, 'participant {}'.format)
    assert next(results) == 1
    with pytest.raises(NoInputError) as caught:
        next(results)
    assert str(caught.value) == 'there is nothing to read'
    assert caught.value.__notes__[-1] == 'While computing participant 2.'


def test_a_killed_process_is_reported_in_one_sentence():
    with pytest.raises(ResourceError, match='a worker process was killed before part'):
        list(parallel_map(die, [0, 1, 2], 2, 'part {}'.format))
