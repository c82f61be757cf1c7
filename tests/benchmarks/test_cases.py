import numpy as np

from benchmarks.cases import read_motion, simulated_people
from benchmarks.harness import ROOT


def test_simulated_people_have_a_truth():
    folder = ROOT / 'bids_examples' / 'template'
    people = simulated_people(folder)
    assert people
    for person in people:
        assert person.simulated
        labels = np.unique(person.structures())
        assert {11, 12, 13, 50, 51, 52} <= set(labels.tolist())
        for path in person.motions.values():
            rotation = read_motion(path)[:3, :3]
            assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4)
