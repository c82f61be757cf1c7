from dataclasses import replace

import numpy as np

from pvs_workflow.networks.sureness import assess
from pvs_workflow.uncertainty.image_statistics import describe_images
from pvs_workflow.uncertainty.in_distribution import fit_reference


def test_what_the_app_is_told(cascade, images):
    found = cascade.predict(images)
    told = assess(cascade.card, images, found)
    assert told.lows.shape == told.highs.shape == told.distances.shape == (5,)
    assert (told.lows <= found.counts).all()
    assert (found.counts <= told.highs).all()
    assert abs(told.probabilities.sum() - 1) < 1e-12
    assert told.familiar.all()


def test_images_of_another_kind_are_not_familiar(cascade, images):
    found = cascade.predict(images)
    rows = describe_images(images, found.evidence, found.counts)
    rows = np.concatenate([rows + jitter for jitter in (0.0, 0.02, -0.02)])
    card = replace(cascade.card, reference=fit_reference(rows, np.arange(15)))
    assert assess(card, images, found).familiar.all()
    smooth = np.full_like(images, 0.4)
    assert not assess(card, smooth, cascade.predict(smooth)).familiar.any()
