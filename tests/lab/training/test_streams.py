import numpy as np
import pytest

from pvs_workflow.lab.simulation.backgrounds import draw_scene, prepare_background
from pvs_workflow.lab.simulation.plates import cut_plates, draw_crowds
from pvs_workflow.lab.training.streams import (
    PlateSource,
    as_sources,
    background_sources,
    simulated_sources,
)
from pvs_workflow.science.slices import HEMISPHERES, IMAGE_SHAPE
from tests.builders.anatomies import scan, write_results


@pytest.fixture(scope='module')
def sources():
    t2w, structures, affine = scan()
    background = prepare_background('01', '', t2w, structures, affine)
    scene = draw_scene(np.random.default_rng(1), background, draw_crowds)
    return as_sources(cut_plates(np.random.default_rng(1), 'somebody', scene, recorded=True))


def test_a_source_gives_samples_like_those_of_a_dataset(sources):
    for seed, source in enumerate(sources):
        sample = source.draw(np.random.default_rng(seed))
        assert sample.participant == 'somebody'
        assert source.has_masks
        image, roi, labels = sample.cut()
        assert image.shape == roi.shape == labels.shape == IMAGE_SHAPE
        assert roi.mean() > 0.05
        if sample.count:
            assert np.mean(roi[labels > 0]) > 0.9
        visible = np.unique(labels[labels > 0]).size
        assert abs(sample.count - visible) <= max(2, 0.1 * sample.count)


def test_every_draw_gives_another_exposure(sources):
    rng = np.random.default_rng(0)
    drawn = [sources[0].draw(rng) for _ in range(12)]
    assert len({sample.count for sample in drawn}) > 3
    assert all((one.roi == drawn[0].roi).all() for one in drawn)
    again = sources[0].draw(np.random.default_rng(0))
    np.testing.assert_array_equal(again.plane, drawn[0].plane)


@pytest.mark.slow
def test_all_variants_of_a_real_person_have_the_same_participant(tmp_path):
    results = write_results(tmp_path, 'sub-01_ses-1', 'sub-01_ses-2')
    sources = background_sources(results, 2, seed=3)
    assert {source.participant for source in sources} == {'real-01'}
    assert sum(source.chosen for source in sources) == 2 * 2 * 6
    assert all(source.plate.recorded for source in sources)
    again = background_sources(results, 2, seed=3)
    for one, two in zip(sources, again, strict=True):
        np.testing.assert_array_equal(one.plate.tissue, two.plate.tissue)


@pytest.mark.slow
def test_simulated_people_do_not_depend_on_the_number_of_processes():
    numbers = []
    one = simulated_sources(2, 11, progress=numbers.append)
    two = simulated_sources(2, 11, n_jobs=2)
    first = simulated_sources(1, 11)
    assert numbers == [1, 2]
    assert len(one) == len(two) > len(first)
    assert {source.participant for source in one} == {'11-0001', '11-0002'}
    assert {source.plate.view.hemisphere for source in one} == set(HEMISPHERES)
    for others in (two, first):
        for a, b in zip(one, others, strict=False):
            assert isinstance(b, PlateSource)
            np.testing.assert_array_equal(a.plate.tissue, b.plate.tissue)
            np.testing.assert_array_equal(a.depth, b.depth)
            assert len(a.plate.spots) == len(b.plate.spots)
