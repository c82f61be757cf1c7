import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.science.intensity import Preprocessing, prepare_image


@pytest.fixture
def image():
    return np.random.default_rng(2).uniform(200, 1000, (80, 96))


@pytest.fixture
def roi():
    out = np.zeros((80, 96), bool)
    out[20:50, 30:70] = True
    return out


def test_gain_does_not_matter(image, roi):
    keep = Preprocessing(outside='keep')
    assert np.allclose(prepare_image(image, roi, keep), prepare_image(image * 7.3, roi, keep))


def test_bright_spots_do_not_change_the_scale(image, roi):
    keep = Preprocessing(upper=2.0, outside='keep')
    spots = image.copy()
    spots[25:28, 35:38] = 5000
    before, after = prepare_image(image, roi, keep), prepare_image(spots, roi, keep)
    untouched = spots == image
    assert np.abs(before - after)[untouched].max() < 0.02
    assert after[25:28, 35:38].min() == 1
    assert after.min() >= 0


def test_the_median_of_the_roi_becomes_the_inverse_of_upper(image, roi):
    scaled = prepare_image(image, roi, Preprocessing(upper=4.0))
    assert np.isclose(np.median(scaled[roi]), 0.25, atol=1e-6)


def test_blanking_keeps_the_roi_and_its_margin(image, roi):
    blanked = prepare_image(image, roi, Preprocessing(outside='blank', margin=1)) > 0
    assert blanked[roi].all()
    assert blanked[19, 40] and not blanked[18, 40]


@pytest.mark.parametrize('value', [0, -5])
def test_an_image_without_signal_is_refused(roi, value):
    with pytest.raises(ImageError, match=rf'no signal .*\(median {value} of 1200 pixels\)'):
        prepare_image(np.full((80, 96), float(value)), roi, Preprocessing())


def test_inputs_are_not_modified(image, roi):
    before = image.copy(), roi.copy()
    prepare_image(image, roi, Preprocessing())
    assert np.array_equal(image, before[0]) and np.array_equal(roi, before[1])


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'upper': 0.0}, 'upper must be > 0, received 0.0'),
        ({'upper': float('nan')}, 'upper must be > 0'),
        ({'outside': 'paint'}, "outside must be 'keep' or 'blank', received 'paint'"),
        ({'margin': -1}, 'margin must be 0 to 100, received -1'),
        ({'margin': 101}, 'margin must be 0 to 100, received 101'),
    ],
)
def test_unusable_parameters_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**values)
