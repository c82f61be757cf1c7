import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.method.conform import conform
from pvs_workflow.method.optional import attempt
from pvs_workflow.method.saved import Unusable
from tests.builders.datasets import make_image
from tests.builders.method import small_head


def test_a_step_that_succeeds_returns_its_result(tmp_path):
    path = make_image(tmp_path / 'T1w.nii')
    result = attempt(conform, {'source': path})
    assert np.array_equal(result.image.dataobj, conform(path).image.dataobj)


def test_an_unreadable_image_is_unusable(tmp_path):
    result = attempt(conform, {'source': tmp_path / 'T1w.nii'})
    assert isinstance(result, Unusable)
    assert result.reason.startswith('T1w.nii cannot be used: it is not a readable NIfTI image')


def test_later_steps_pass_on_the_first_reason():
    def step(moving):
        raise AssertionError('this must not run')

    unusable = Unusable('T1w.nii cannot be used')
    assert attempt(step, {'moving': unusable}) is unusable
    assert attempt(step, {'moving': unusable}, failure='its process was killed') is unusable


def test_the_reason_of_an_earlier_failure_names_the_image():
    t2w = small_head()[0]
    result = attempt(len, {'moving': t2w}, failure='its process was killed')
    assert result.reason == f'{t2w.name} cannot be used: its process was killed'


def test_only_the_given_errors_make_an_image_unusable():
    def step(source):
        raise RuntimeError('all samples map\noutside')

    with pytest.raises(RuntimeError):
        attempt(step, {'source': 'a/T1w.nii'}, errors=ImageError)
    result = attempt(step, {'source': 'a/T1w.nii'}, errors=Exception)
    assert result.reason == 'T1w.nii cannot be used: RuntimeError: all samples map outside'
