import numpy as np
import pytest

from benchmarks import staging
from tests.builders.heads import basal_ganglia, good_case, image


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize('kind', [*staging.T1W_KINDS, *staging.T2W_KINDS])
def test_a_staged_failure_changes_one_scan_and_keeps_the_headers(rng, kind):
    good, other = good_case(rng), image(rng.random((7, 7, 7)), np.diag([1, 1, 2, 1.0]))
    before = [good.t2w.get_fdata(), good.t1w.get_fdata(), good.truth.copy()]
    failure = staging.stage(kind, good, other, rng)
    changed, unchanged = ('t1w', 't2w') if kind in staging.T1W_KINDS else ('t2w', 't1w')
    assert getattr(failure, unchanged) is getattr(good, unchanged)
    new, old = getattr(failure, changed), getattr(good, changed)
    assert new.shape != old.shape or not np.array_equal(new.get_fdata(), old.get_fdata())
    if kind == 'T1w of another person':
        assert failure.t1w is other
    else:
        assert np.array_equal(new.affine, old.affine)
    if failure.truth is not None:
        assert failure.truth.shape == failure.t2w.shape
    after = [np.asarray(good.t2w.dataobj), np.asarray(good.t1w.dataobj), good.truth]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_good_cases_are_unchanged_and_unknown_kinds_are_refused(rng):
    good = good_case(rng)
    assert staging.stage('good', good, None, rng) is good
    with pytest.raises(ValueError, match="'T3w' is not a kind of failure"):
        staging.stage('T3w', good, None, rng)


def test_flipping_swaps_sides_only(rng):
    scan = image(rng.random((4, 3, 2)))
    assert staging.flip_sides(scan).get_fdata()[3, 1, 1] == scan.get_fdata()[0, 1, 1]


def test_noise_has_the_mean_of_the_scan_but_not_its_structure(rng):
    scan = image(np.pad(np.full((20, 20, 20), 80.0), 10))
    noise = staging.noise_like(scan, rng).get_fdata()
    assert noise.min() >= 0
    assert noise.mean() == pytest.approx(scan.get_fdata().mean(), rel=0.02)
    assert abs(np.corrcoef(noise.ravel(), scan.get_fdata().ravel())[0, 1]) < 0.02
    # A Rayleigh distribution's deviation over its mean.
    assert noise.std() / noise.mean() == pytest.approx(np.sqrt(4 / np.pi - 1), rel=0.02)


def test_the_cut_goes_through_the_middle_of_the_structures(rng):
    good = good_case(rng)
    assert staging.cut_height(good.truth, 12) == 5  # slices 3 to 7
    assert staging.cut_height(None, 12) == staging.cut_height(0 * good.truth, 12) == 6
    failure = staging.stage('T2w cut through the basal ganglia', good, None, rng)
    assert np.array_equal(failure.t2w.get_fdata(), good.t2w.get_fdata()[:, :, :5])
    assert 0 < np.count_nonzero(failure.truth) < np.count_nonzero(good.truth)


def test_the_truth_turns_with_the_scan(rng):
    truth = basal_ganglia()
    good = staging.StagedScans(image(truth), None, truth)
    failure = staging.stage('T2w turned by 90°', good, None, rng)
    assert failure.t2w.shape == (40, 60, 12)
    assert np.array_equal(failure.t2w.get_fdata(), failure.truth)
    assert failure.t2w.get_fdata()[0, 5, 5] == truth[5, 39, 5]
