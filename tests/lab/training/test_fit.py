import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.training.batches import EnhancingBatches, places
from pvs_workflow.lab.training.config import FAST, PAPER
from pvs_workflow.lab.training.fit import split_samples


def test_nobody_is_in_two_parts(samples):
    split = split_samples(samples, FAST, np.random.default_rng(0))
    parts = [
        {sample.participant for sample in part}
        for part in (split.training, split.validation, split.calibration)
    ]
    assert sorted(person for part in parts for person in part) == [f'{i:02d}' for i in range(6)]
    assert all(parts)
    assert sum(map(len, (split.training, split.validation, split.calibration))) == len(samples)


def test_the_split_follows_the_seed(samples):
    first, again, other = (
        {s.participant for s in split_samples(samples, FAST, np.random.default_rng(i)).training}
        for i in (0, 0, 3)
    )
    assert first == again
    assert first != other


def test_too_few_people(samples):
    two = [sample for sample in samples if sample.participant in ('00', '01')]
    with pytest.raises(PVSError, match=r'at least 3 participants .* received 2'):
        split_samples(two, FAST, np.random.default_rng(0))


def test_papers_settings():
    assert (PAPER.enhancer.epochs, PAPER.counter.epochs) == (500, 300)
    for schedule in (PAPER.enhancer, PAPER.counter):
        assert schedule.learning_rate == schedule.rate(0.9) == 1e-4
        assert schedule.batch == 45


def test_a_time_limit_is_shared_out():
    config = FAST.within(100)
    settling = config.counter.settling(config.settling)
    seconds = (part.seconds for part in (config.enhancer, config.counter, settling))
    assert sum(seconds) == pytest.approx(100)


def test_every_sample_is_seen_once_an_epoch(samples):
    config = replace(FAST, enhancer=replace(FAST.enhancer, batch=7))
    batches = EnhancingBatches(samples, config, seed=0)
    sizes = [len(images) for images, _ in batches(1)]
    assert sum(sizes) == len(samples)
    assert len(sizes) == len(batches) == 5


def test_the_counter_learns_forty_eighths_where_they_are(samples):
    from pvs_workflow.lab.training.augment import plain_image

    images = [plain_image(sample, FAST.preprocessing) for sample in samples[:4]]
    targets = places(images, 8)
    assert targets.shape == (4, 10, 12, 2)
    assert (targets[..., 1] == 1).all()
    counts = [sample.count for sample in samples[:4]]
    assert targets[..., 0].mean(axis=(1, 2)) * 48 == pytest.approx(counts, abs=1e-4)
    for image, target in zip(images, targets, strict=True):
        ring = image.epvs
        cells = ring.reshape(10, 8, 12, 8).any(axis=(1, 3))
        assert not target[~cells, 0].any()
        assert sum(counts) > 0


def test_counts_alone_say_nothing_of_places(samples):
    from pvs_workflow.lab.training.augment import plain_image

    rated = replace(samples[0], rated=7.5)
    (target,) = places([plain_image(rated, FAST.preprocessing)], 8)
    assert not target[..., 1].any()
    assert target[..., 0] * 48 == pytest.approx(np.full((10, 12), 7.5))


SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from pvs_workflow.lab.training.optimise import Schedule
from pvs_workflow.lab.training.config import TrainingConfig
from pvs_workflow.lab.training.fit import train_cascade
from pvs_workflow.lab.training.samples import read_samples
root = Path(sys.argv[1])
samples = list(read_samples(root, root / 'derivatives' / 'truth'))
tiny = TrainingConfig(Schedule(1, 1e-3, batch=8), Schedule(2, 1e-3, batch=8), width=2)
training = train_cascade(samples, tiny, seed=int(sys.argv[2]), threads=1)
digest = hashlib.sha256()
for model in (training.cascade.enhancer, training.cascade.counter):
    for weights in model.get_weights():
        digest.update(weights.tobytes())
print(json.dumps([digest.hexdigest(), training.scores.mae, training.cascade.card.calibration.low]))
"""


def train(dataset, seed):
    command = [sys.executable, '-c', SCRIPT, str(dataset), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_same_seed_same_weights(dataset):
    first, again, other = train(dataset, 1), train(dataset, 1), train(dataset, 2)
    assert first == again
    assert first[0] != other[0]
