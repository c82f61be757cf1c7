import numpy as np

from pvs_workflow.lab.simulation.acquisition import GAIN, Protocol
from pvs_workflow.lab.simulation.compact import compact_scan, compact_session, head_mask
from pvs_workflow.lab.simulation.session import SimulatedScan


def ball(rng):
    """Return a noisy ball with a dark cavity, in air with a small bright object."""
    x, y = np.meshgrid(np.arange(90), np.arange(80), indexing='ij')
    distance = np.hypot(x - 50, y - 35)
    plane = np.where((distance < 28) & (distance > 6), GAIN, 0.0)
    data = np.repeat(plane[..., None], 12, axis=2) + rng.rayleigh(8, (90, 80, 12))
    data[80:83, 70:73, 5] = 2 * GAIN
    return data.round().astype(np.uint16), distance


def test_the_head_is_the_largest_object_with_holes_filled(rng):
    data, distance = ball(rng)
    mask = head_mask(data)
    assert mask[distance < 25].all()
    assert not mask[distance > 34].any()
    assert not head_mask(np.zeros_like(data)).any()


def test_a_scan_is_cropped_masked_and_rescaled(rng):
    data, distance = ball(rng)
    affine = np.diag([0.5, 0.5, 5.0, 1.0])
    scan = SimulatedScan(data, affine, np.eye(4), Protocol(0.5, 5.0, snr=20.0))
    small, box = compact_scan(scan, 40)
    assert small.data.dtype == np.uint8
    assert small.data.shape[2] == 12
    assert small.data.shape[0] < 75
    tissue = ((distance > 10) & (distance < 25))[box[:2]]
    # The putamen's signal becomes 40, and noise adds a little to the magnitude.
    assert 40 <= np.median(small.data[tissue]) <= 41
    assert not small.data[(distance > 34)[box[:2]]].any()
    np.testing.assert_allclose(small.affine[:2, 3], [box[0].start * 0.5, box[1].start * 0.5])
    assert scan.data.shape == (90, 80, 12)


def test_a_compact_session_keeps_the_head_and_the_truth(simulated):
    compact = compact_session(simulated)
    before, after = simulated.scans['T2w'], compact.scans['T2w']
    assert after.data.dtype == np.uint8
    assert compact.counts == simulated.counts
    assert np.count_nonzero(compact.epvs) == np.count_nonzero(simulated.epvs)
    centres = [
        scan.affine @ [*np.argwhere(truth.epvs > 0).mean(axis=0), 1]
        for scan, truth in ((before, simulated), (after, compact))
    ]
    np.testing.assert_allclose(centres[0], centres[1], atol=1e-6)
    mask = head_mask(before.data)
    assert mask[simulated.roi > 0].all()
    assert not mask[:2].any()
