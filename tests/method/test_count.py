from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.lab.training.reference import fit_reference
from pvs_workflow.method.count import count, estimate
from pvs_workflow.networks.bundle import cached_bundle, model_sha256
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.uncertainty.image_statistics import describe_images
from tests.builders.method import six_images, small_head, spots

BUNDLE = data.path('cascade')


@pytest.fixture(scope='module')
def cascade():
    configure_tensorflow(threads=1, seed=1)
    return cached_bundle(BUNDLE, model_sha256(BUNDLE))


@pytest.fixture(scope='module')
def images():
    return np.random.default_rng(1).random((5, 80, 96), dtype=np.float32)


def test_an_interval_contains_its_count(cascade, images):
    prediction = cascade.predict(images)
    uncertainty = estimate(cascade.card, images, prediction)
    assert uncertainty.lows.shape == uncertainty.highs.shape == uncertainty.distances.shape == (5,)
    assert (uncertainty.lows <= prediction.counts).all()
    assert (prediction.counts <= uncertainty.highs).all()
    assert abs(uncertainty.probabilities.sum() - 1) < 1e-12


def test_smooth_images_are_out_of_distribution(cascade, images):
    prediction = cascade.predict(images)
    rows = describe_images(images, prediction.evidence, prediction.counts)
    rows = np.concatenate([rows + jitter for jitter in (0.0, 0.02, -0.02)])
    card = replace(cascade.card, reference=fit_reference(rows, np.arange(15)))
    assert estimate(card, images, prediction).in_distribution.all()
    smooth = np.full_like(images, 0.4)
    assert not estimate(card, smooth, cascade.predict(smooth)).in_distribution.any()


def test_images_with_spots_have_higher_counts():
    _, located = small_head()
    plain = six_images(np.asarray(located.roi.dataobj))
    spotted = replace(plain, images=plain.images + 0.4 * spots([6] * 6))
    sha256 = model_sha256(BUNDLE)
    counts = [count(six, BUNDLE, sha256, 1).counts for six in (plain, spotted)]
    assert (counts[1] > counts[0] + 1).all()
