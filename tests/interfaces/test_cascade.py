"""From the basal ganglia to flags, through files."""

import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.errors import ImageError
from pvs_workflow.interfaces.cascade import AssessQuality, CutImages, FindEPVS
from pvs_workflow.method.align import Comparison
from pvs_workflow.method.assess import Quality
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.find import FoundEPVS
from pvs_workflow.method.locate import BasalGanglia, Warp
from tests.builders.method import image_counts, six_images, small_head, spots


@pytest.fixture
def files(tmp_path):
    """Return saved results of a scan of which nothing is wrong."""
    t2w, located = small_head()
    warp = Warp(t2w.image, t2w.image, 0.9)
    results = {
        't2w': t2w,
        'located': located,
        'six': six_images(np.asarray(located.roi.dataobj)),
        'counted': image_counts([2.0] * 6, spots([1] * 6)),
        'warp': warp,
    }
    return {name: str(result.save(tmp_path / name)) for name, result in results.items()}


def test_images_are_cut_as_the_model_says(tmp_path, files):
    inputs = {name: files[name] for name in ('t2w', 'located')}
    model = {'model': data.path('cascade'), 'model_sha256': '', 'source': 'a.nii.gz'}
    six = SixImages.load(CutImages(**inputs, **model).run(cwd=tmp_path).outputs.result)
    assert six.slices == (3, 4, 5) * 2
    empty = BasalGanglia.load(files['located'])
    empty = BasalGanglia(empty.structures, type(empty.roi)(np.zeros((80, 60, 12), np.uint8), None))
    inputs['located'] = str(empty.save(tmp_path / 'empty'))
    with pytest.raises(ImageError, match=r'^a\.nii\.gz cannot be used: its field of view'):
        CutImages(**inputs, **model).run(cwd=tmp_path)


def test_epvs_are_found_on_every_image(tmp_path, files):
    inputs = {name: files[name] for name in ('t2w', 'six', 'counted')}
    found = FoundEPVS.load(FindEPVS(**inputs).run(cwd=tmp_path).outputs.result)
    assert found.on_images.numbers == [1] * 6


@pytest.mark.parametrize(('overlaps', 'overall'), [([], 'pass'), ([0.9, 0.7], 'review')])
def test_another_contrast_that_lies_elsewhere_is_for_review(tmp_path, files, overlaps, overall):
    inputs = {name: files[name] for name in ('located', 'six', 'counted', 'warp')}
    others = [str(Comparison(overlap, 1.2).save(tmp_path / f'{overlap}')) for overlap in overlaps]
    outputs = AssessQuality(**inputs, comparisons=others).run(cwd=tmp_path).outputs
    assert Quality.load(outputs.result).overall == overall
