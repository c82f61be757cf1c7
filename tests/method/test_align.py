from dataclasses import replace

import pytest

from pvs_workflow.method.align import align, compare
from pvs_workflow.method.assess import HANDEDNESS, OVERLAP
from pvs_workflow.method.locate import find_nuclei, register_template
from pvs_workflow.registration.transforms import LinearTransform
from tests.builders.method import example_scan

pytestmark = pytest.mark.slow
SEED = 7


def test_nuclei_of_an_aligned_contrast_overlap_those_of_the_t2w():
    t2w, t1w = example_scan('T2w'), example_scan('T1w')
    aligned = align(t2w, t1w, SEED)
    assert aligned.image.shape == t2w.image.shape
    assert aligned.handedness > HANDEDNESS
    affine = register_template(t2w, SEED)
    nuclei = find_nuclei(t2w, affine, SEED)
    good = compare(t1w, aligned, affine, nuclei, SEED)
    assert good.overlap > OVERLAP
    assert good.handedness == aligned.handedness
    shift = (*aligned.transform.parameters[:9], 12.0, 15.0, 0.0)
    misaligned = replace(aligned, transform=LinearTransform(shift, aligned.transform.centre))
    assert compare(t1w, misaligned, affine, nuclei, SEED).overlap < OVERLAP
