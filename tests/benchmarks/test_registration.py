"""What the benchmark of registration is made of, against figures worked out in another way."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nibabel as nb
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from skimage.metrics import hausdorff_distance

BENCHMARKS = Path(__file__).parents[2] / 'benchmarks'
DATASETS = ('--real', 'real', '--silver', 'silver', '--simulated', 'regsim')

# Scripts find the modules beside them; tests have to be told.
sys.path.insert(0, str(BENCHMARKS))

import motion  # noqa: E402
import registration  # noqa: E402
import registration_failures  # noqa: E402
import registration_figure  # noqa: E402
import registration_overlap  # noqa: E402
import registration_rigid  # noqa: E402
import registration_speed  # noqa: E402
import resources  # noqa: E402
import scores  # noqa: E402
import staging  # noqa: E402
from alignments import Run  # noqa: E402
from cases import Case, read_motion, simulated_people  # noqa: E402

from pvs_workflow.errors import RegistrationError  # noqa: E402

AFFINE = np.diag([0.5, 0.8, 4.0, 1.0])


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def block(corner, size, label=1, shape=(20, 22, 9)):
    out = np.zeros(shape, dtype=int)
    out[tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))] = label
    return out


def image(data, affine=AFFINE):
    return nb.Nifti1Image(np.asarray(data, dtype=np.float32), affine)


def basal_ganglia(shift=0, up=0, shape=(60, 40, 12)):
    """Caudate and putamen on both sides, slices 4 to 8 full and tapering beyond."""
    out = np.zeros(shape, dtype=int)
    for z, depth in ((3, 4), (4, 8), (5, 10), (6, 9), (7, 5)):
        for medial, lateral, labels in ((24, 16, (11, 12)), (34, 42, (50, 51))):
            out[medial + shift : medial + shift + 4, 20 : 20 + depth, z + up] = labels[0]
            out[lateral + shift : lateral + shift + 4, 12 : 12 + depth, z + up] = labels[1]
    return out


# Overlap


def test_dice_counts_shared_voxels_of_all_labels():
    ours, theirs = block((2, 2, 2), (4, 4, 2), 11), block((4, 2, 2), (4, 4, 2), 50)
    # 32 voxels each, 2 × 4 × 2 = 16 shared; the labels of both sides are one structure.
    assert scores.dice(ours, theirs, (11, 50)) == 0.5
    assert scores.dice(ours, theirs, (11,)) == 0.0
    assert scores.dice(ours, theirs, (12,)) is None


@pytest.mark.parametrize('percent', [95, 50, 100])
def test_hausdorff_agrees_with_all_pairs_of_border_voxels(rng, percent):
    ours = block((3, 4, 2), (7, 8, 4)) * (rng.random((20, 22, 9)) < 0.8)
    theirs = block((5, 3, 3), (8, 9, 5)) * (rng.random((20, 22, 9)) < 0.8)

    def border(labels):
        padded = np.pad(labels > 0, 1)
        inside = padded.copy()
        for axis in range(3):
            for step in (-1, 1):
                inside &= np.roll(padded, step, axis)
        return (np.argwhere(padded & ~inside) - 1) * [0.5, 0.8, 4.0]

    apart = cdist(border(ours), border(theirs))
    expected = max(np.percentile(apart.min(axis=axis), percent) for axis in (0, 1))
    found = scores.hausdorff(ours, theirs, (1,), AFFINE, percent)
    assert found == pytest.approx(expected, abs=0.006)
    assert found > 0.5


def test_largest_hausdorff_is_that_of_scikit_image():
    ours, theirs = block((3, 4, 2), (7, 8, 4)), block((5, 3, 3), (8, 9, 5))
    expected = hausdorff_distance(ours > 0, theirs > 0)
    assert scores.hausdorff(ours, theirs, (1,), np.eye(4), 100) == round(expected, 2)


def test_hausdorff_is_in_millimetres_along_each_axis():
    ours = block((3, 4, 2), (6, 6, 3))
    for axis, size in enumerate((0.5, 0.8, 4.0)):
        theirs = np.roll(ours, 2, axis)
        assert scores.hausdorff(ours, theirs, (1,), AFFINE, 100) == pytest.approx(2 * size)
    assert scores.hausdorff(ours, ours, (1,), AFFINE) == 0
    assert scores.hausdorff(ours, 0 * ours, (1,), AFFINE) is None


def test_hausdorff_at_the_edge_of_the_volume_is_that_of_its_middle():
    edge = block((0, 0, 0), (4, 5, 3)), block((0, 2, 0), (5, 5, 3))
    middle = block((6, 6, 3), (4, 5, 3)), block((6, 8, 3), (5, 5, 3))
    found = [scores.hausdorff(*pair, (1,), AFFINE) for pair in (edge, middle)]
    assert found[0] == found[1] > 0


def test_score_holds_each_structure_and_the_whole_roi():
    truth = basal_ganglia()
    found = scores.score(basal_ganglia(shift=2), truth, AFFINE)
    assert set(found['dice']) == set(registration_overlap.NAMES)
    # Every structure is 4 voxels wide and lies 2 of 0.5 mm aside.
    assert found['dice']['caudate'] == found['dice']['together'] == 0.5
    assert found['hd95_mm']['putamen'] == 1.0
    assert found['dice']['pallidum'] is found['hd95_mm']['pallidum'] is None
    # The ROI swaps no sides: labels of both count as one.
    assert found['dice']['roi'] == 0.5


@pytest.mark.parametrize('up', [-2, 0, 1])
def test_slice_offset_counts_slices_upwards(up):
    assert scores.slice_offset(basal_ganglia(up=up), basal_ganglia(), AFFINE) == up


def test_slice_offset_of_thin_slices_counts_slabs():
    thin = np.diag([0.5, 0.8, 1.0, 1.0])
    raised = [np.repeat(basal_ganglia(up=up), 5, axis=2) for up in (1, 0)]
    assert scores.slice_offset(*raised, thin) == 1


def test_spread_tells_the_worst_and_leaves_out_nothing_silently():
    values = [4.0, None, 1.0, 3.0, 2.0, 5.0]
    found = scores.spread(values)
    assert found == {
        'n': 5,
        'none': 1,
        'median': 3.0,
        'quartiles': [2.0, 4.0],
        'percentile_95': 4.8,
        'worst': 5.0,
    }
    assert scores.spread(values, min)['worst'] == 1.0
    assert scores.spread([None]) == {'n': 0, 'none': 1}


# Movement


def test_random_motions_are_rigid_and_within_their_limits(rng):
    centre = np.array([30.0, -20.0, 12.0])
    angles, shifts, axes = [], [], []
    for _ in range(300):
        found = motion.random_motion(rng, centre)
        turn = found[:3, :3]
        assert np.allclose(turn @ turn.T, np.eye(3))
        assert np.linalg.det(turn) == pytest.approx(1)
        angles.append(np.degrees(np.arccos((np.trace(turn) - 1) / 2)))
        shifts.append(np.linalg.norm(turn @ centre + found[:3, 3] - centre))
        axes.append([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    assert 24 < max(angles) <= motion.MOST_ANGLE
    assert 38 < max(shifts) <= motion.MOST_SHIFT
    assert min(angles) < 2
    assert min(shifts) < 3
    # No axis and no sense of turning is preferred.
    assert np.all(np.abs(np.mean(np.sign(axes), axis=0)) < 0.2)


def test_a_lost_origin_turns_nothing_and_is_as_far_as_told(rng):
    found = motion.lost_origin(rng)
    assert np.array_equal(found[:3, :3], np.eye(3))
    assert np.linalg.norm(found[:3, 3]) == pytest.approx(motion.LOST_ORIGIN)


def test_target_errors_are_lengths_of_known_displacements(rng):
    points = rng.normal(scale=30, size=(50, 3))
    truth = motion.random_motion(rng, np.zeros(3))
    shifted = truth.copy()
    shifted[:3, 3] += [3.0, -4.0, 12.0]
    assert np.allclose(motion.target_errors(shifted, truth, points), 13)
    # A turn by 90° about z moves a point by √2 of its distance from the axis.
    turn = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    expected = np.sqrt(2) * np.hypot(points[:, 0], points[:, 1])
    assert np.allclose(motion.target_errors(turn, np.eye(4), points), expected)


def test_a_disturbed_scan_keeps_its_voxels_at_their_moved_places(rng):
    scan = image(rng.random((6, 7, 5)))
    moved = motion.random_motion(rng, motion.centre_of(scan))
    found = motion.disturb(scan, moved)
    brightest = [
        nb.affines.apply_affine(i.affine, np.unravel_index(np.argmax(i.get_fdata()), i.shape))
        for i in (scan, found)
    ]
    assert np.allclose(nb.affines.apply_affine(moved, brightest[0]), brightest[1], atol=2e-3)
    assert np.linalg.norm(brightest[1] - brightest[0]) > 0.1


def test_rotation_leaves_the_centre_and_points_are_voxel_centres(rng):
    scan = image(np.zeros((5, 4, 3)))
    centre = motion.centre_of(scan)
    assert np.allclose(centre, [2 * 0.5, 1.5 * 0.8, 4.0])
    still = motion.random_motion(rng, centre, shift=0)
    assert np.allclose(nb.affines.apply_affine(still, centre), centre)
    mask = np.zeros((5, 4, 3), dtype=bool)
    mask[4, 3, 2] = mask[0, 1, 0] = True
    assert motion.points_of(mask, AFFINE) == pytest.approx(np.array([[0, 0.8, 0], [2, 2.4, 8]]))


def test_a_transform_file_is_read_as_a_matrix_in_ras(tmp_path):
    # A turn by 30° about z, about a centre, in ITK's LPS millimetres.
    cos, sin, centre, shift = np.sqrt(0.75), 0.5, np.array([7.0, -3.0, 2.0]), [1.0, 2.0, 3.0]
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    numbers = ' '.join(map(repr, [*turn.ravel().tolist(), *shift]))
    path = tmp_path / 'rigid.txt'
    path.write_text(
        '#Insight Transform File V1.0\n#Transform 0\n'
        'Transform: MatrixOffsetTransformBase_double_3_3\n'
        f'Parameters: {numbers}\nFixedParameters: 7 -3 2\n'
    )
    point = np.array([10.0, 20.0, 30.0])
    lps = point * [-1, -1, 1]
    expected = (turn @ (lps - centre) + centre + shift) * [-1, -1, 1]
    found = motion.read_matrix(path)
    assert np.allclose(nb.affines.apply_affine(found, point), expected, atol=1e-4)


def test_draws_are_shared_out_evenly_with_some_lost_origins():
    pairs = [('a', 'T1w'), ('a', 'FLAIR'), ('b', 'FLAIR')]
    jobs = registration_rigid.plan(pairs, 48)
    assert jobs[:3] == [(*pair, 'undisturbed') for pair in pairs]
    drawn = jobs[3:]
    assert len(drawn) == 48
    assert sum(kind == 'lost origin' for *_, kind in drawn) == 6
    assert all(sum(tuple(job[:2]) == pair for job in drawn) == 16 for pair in pairs)
    # Each pair gets its share of both kinds.
    assert {tuple(job[:2]) for job in drawn if job[2] == 'lost origin'} == set(pairs)


def test_errors_are_summed_up_by_kind_and_contrast():
    rows = [
        {'kind': 'moved', 'contrast': 'T1w', 'mean_tre_mm': 1.0},
        {'kind': 'moved', 'contrast': 'FLAIR', 'mean_tre_mm': 3.0},
        {'kind': 'moved', 'contrast': 'FLAIR', 'mean_tre_mm': None, 'error': 'lost'},
        {'kind': 'lost origin', 'contrast': 'T1w', 'mean_tre_mm': 80.0},
    ]
    found = registration_rigid.summed(rows, 'kind')
    assert found['moved']['all']['median'] == 2.0
    assert found['moved']['FLAIR'] | {} == {**scores.spread([3.0, None]), 'errors': 1}
    assert found['lost origin']['all']['worst'] == 80.0


# Staging


def good_case(rng):
    t2w = image(rng.random((60, 40, 12)) * 100)
    return staging.Staged(t2w, image(rng.random((8, 9, 10)) * 50), basal_ganglia())


@pytest.mark.parametrize('kind', [*staging.T1W_KINDS, *staging.T2W_KINDS])
def test_a_staged_failure_changes_one_scan_and_keeps_the_headers(rng, kind):
    good, other = good_case(rng), image(rng.random((7, 7, 7)), np.diag([1, 1, 2, 1.0]))
    before = [good.t2w.get_fdata(), good.t1w.get_fdata(), good.truth.copy()]
    found = staging.stage(kind, good, other, rng)
    changed, kept = ('t1w', 't2w') if kind in staging.T1W_KINDS else ('t2w', 't1w')
    assert getattr(found, kept) is getattr(good, kept)
    new, old = getattr(found, changed), getattr(good, changed)
    assert new.shape != old.shape or not np.array_equal(new.get_fdata(), old.get_fdata())
    if kind == 'T1w of another person':
        assert found.t1w is other
    else:
        assert np.array_equal(new.affine, old.affine)
    if found.truth is not None:
        assert found.truth.shape == found.t2w.shape
    after = [np.asarray(good.t2w.dataobj), np.asarray(good.t1w.dataobj), good.truth]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_good_is_left_alone_and_unknown_kinds_are_refused(rng):
    good = good_case(rng)
    assert staging.stage('good', good, None, rng) is good
    with pytest.raises(ValueError, match="expected a kind of failure, received 'T3w'"):
        staging.stage('T3w', good, None, rng)


def test_flipping_swaps_sides_only(rng):
    scan = image(rng.random((4, 3, 2)))
    assert staging.flip_sides(scan).get_fdata()[3, 1, 1] == scan.get_fdata()[0, 1, 1]


def test_noise_has_the_mean_of_the_scan_and_nothing_of_its_shape(rng):
    scan = image(np.pad(np.full((20, 20, 20), 80.0), 10))
    found = staging.noise_like(scan, rng).get_fdata()
    assert found.min() >= 0
    assert found.mean() == pytest.approx(scan.get_fdata().mean(), rel=0.02)
    assert abs(np.corrcoef(found.ravel(), scan.get_fdata().ravel())[0, 1]) < 0.02
    # A Rayleigh distribution's deviation over its mean.
    assert found.std() / found.mean() == pytest.approx(np.sqrt(4 / np.pi - 1), rel=0.02)


def test_the_cut_goes_through_the_middle_of_the_structures(rng):
    good = good_case(rng)
    assert staging.cut_height(good.truth, 12) == 5  # slices 3 to 7
    assert staging.cut_height(None, 12) == staging.cut_height(0 * good.truth, 12) == 6
    found = staging.stage('T2w cut through the basal ganglia', good, None, rng)
    assert np.array_equal(found.t2w.get_fdata(), good.t2w.get_fdata()[:, :, :5])
    assert 0 < np.count_nonzero(found.truth) < np.count_nonzero(good.truth)


def test_the_truth_turns_with_the_scan(rng):
    truth = basal_ganglia()
    good = staging.Staged(image(truth), None, truth)
    found = staging.stage('T2w turned by 90°', good, None, rng)
    assert found.t2w.shape == (40, 60, 12)
    assert np.array_equal(found.t2w.get_fdata(), found.truth)
    assert found.t2w.get_fdata()[0, 5, 5] == truth[5, 39, 5]


# Cases and sums


def case(name, t1w=True):
    t1w = Path(f'{name}_T1w.nii') if t1w else None
    return Case(f'{name}_ses-1', name, Path(f'{name}_T2w.nii'), t1w, None)


def test_the_other_t1w_is_the_next_person_s():
    again = Case('a_ses-2', 'a', Path('a2_T2w.nii'), Path('a2_T1w.nii'), None)
    cases = [case('a'), again, case('b', t1w=False), case('c')]
    found = [registration_failures.other_t1w(c, cases) for c in cases]
    assert [path.name for path in found] == ['c_T1w.nii', 'c_T1w.nii', 'c_T1w.nii', 'a_T1w.nii']
    assert registration_failures.other_t1w(cases[0], cases[:2]) is None
    assert registration_failures.kinds_for(cases[0], found[0])[0] == staging.T1W_KINDS[0]
    assert staging.T1W_KINDS[0] not in registration_failures.kinds_for(cases[0], None)
    assert registration_failures.kinds_for(cases[2], found[2]) == list(staging.T2W_KINDS)


def test_failures_are_counted_as_caught_unless_passed():
    rows = [
        {'case': 'a', 'level': 'pass', 'reasons': [], 'dice': 0.1},
        {'case': 'b', 'level': 'pass', 'reasons': [], 'dice': 0.8},
        {'case': 'c', 'level': 'review', 'reasons': ['small', 'odd']},
        {'case': 'd', 'level': 'error', 'reasons': ['odd']},
    ]
    found = registration_failures.caught(rows, {'a', 'b', 'd'})
    assert found['of_passed'] == {'n': 3, 'caught': 1}
    assert (found['n'], found['caught'], found['pass'], found['fail']) == (4, 2, 2, 0)
    assert found['reasons'] == {'odd': 2, 'small': 1}
    assert found['dice_of_missed']['worst'] == 0.1
    assert registration_failures.flagged(rows)['share_flagged'] == 0.5


def test_a_head_that_is_implausible_is_flagged_rightly():
    odd = {'level': 'review', 'reasons': ['small'], 'true_reasons': ['small']}
    false = odd | {'true_reasons': []}
    passed = {'level': 'pass', 'reasons': [], 'true_reasons': []}
    found = registration_failures.flagged([odd, odd, false, passed])
    assert (found['n'], found['share_flagged'], found['rightly']) == (4, 0.75, 2)


@pytest.mark.parametrize(
    ('error', 'level'), [(RegistrationError('no head'), 'error'), (KeyError('oops'), 'crash')]
)
def test_what_stops_the_app_is_its_judgement(monkeypatch, rng, error, level):
    def stop(*_):
        raise error

    scan = SimpleNamespace(image=image(rng.random((4, 4, 9))))
    monkeypatch.setattr(registration_failures, 'correct', stop)
    monkeypatch.setattr(registration_failures, 'conform', lambda _: scan)
    seed = np.random.SeedSequence(1)
    row = registration_failures.judged(case('a'), staging.T2W_KINDS[0], None, seed, 1)
    assert row['level'] == level
    assert row['reasons'] == [f'{type(error).__name__}: {error}']
    assert registration_failures.caught([row], set())['caught'] == 1


def test_a_judgement_comes_with_the_overlap_of_what_is_known(rng):
    good = good_case(rng)
    ours = basal_ganglia(shift=2)
    assert registration_failures.nuclei_dice(ours, good) == {'dice': 0.5}
    noise = staging.stage('T2w of noise', good, None, rng)
    assert registration_failures.nuclei_dice(ours, noise) == {}


def test_failures_of_all_cases_come_together(monkeypatch):
    def judged(case, kind, other, draw, seed):
        level = 'pass' if kind == 'good' and case.name != 'c_ses-1' else 'review'
        row = {'case': case.name, 'simulated': case.simulated, 'kind': kind}
        return row | {'level': level, 'reasons': []}

    people = [replace(case(name), motions={'T1w': Path('x')}) for name in 'cd']
    monkeypatch.setattr(registration_failures, 'real_sessions', lambda *_: [case('a'), case('b')])
    monkeypatch.setattr(registration_failures, 'simulated_people', lambda *_: people)
    monkeypatch.setattr(registration_failures, 'judged', judged)
    words = ['out', *DATASETS, '--staged', '1']
    with ThreadPoolExecutor(1) as pool:
        found = registration_failures.failures(registration.parse(words), pool, lambda _: None)
    assert len(found['cases']) == 4 + 3 * 6
    for kind in (*staging.T1W_KINDS, *staging.T2W_KINDS):
        assert found['staged'][kind]['caught'] == found['staged'][kind]['n'] == 3
        assert found['staged'][kind]['of_passed'] == {'n': 2, 'caught': 2}
    assert found['good']['real']['share_flagged'] == 0
    assert found['good']['simulated']['share_flagged'] == 0.5
    assert found['good']['simulated']['rightly'] == 0


def test_speed_is_told_as_ours_over_stock():
    cost = {'wall_s': 30.0, 'cpu_s': 50.0, 'peak_memory_gb': 1.0}
    runs = {
        'ours': Run(cost, {}, {}, None),
        'stock': Run({name: 4 * value for name, value in cost.items()}, {}, {}, None),
    }
    row = registration_speed.compare(case('a'), runs)
    assert set(row['ratios'].values()) == {0.25}
    assert row['ours']['wall_s'] == 30.0
    assert row['contrasts'] == ['T1w']


def test_measuring_sees_memory_time_and_failure(tmp_path):
    words = 'import time; x = bytearray(300 * 2**20); time.sleep(0.8); print(len(x)); exit(3)'
    found = resources.measure([sys.executable, '-c', words], log=tmp_path / 'log.txt')
    assert found['exit_code'] == 3
    assert found['wall_s'] >= 0.8
    assert 0.28 < found['peak_memory_gb'] < 0.6
    assert (tmp_path / 'log.txt').read_text().strip() == str(300 * 2**20)
    code = 'import os; exit(os.environ["HOW_MANY"] != "2")'
    assert resources.measure([sys.executable, '-c', code], {'HOW_MANY': '2'})['exit_code'] == 0


def test_simulated_people_come_with_their_truth():
    folder = Path(__file__).parents[2] / 'bids_examples' / 'template'
    people = simulated_people(folder)
    assert people
    for person in people:
        assert person.simulated
        found = np.unique(person.structures())
        assert {11, 12, 13, 50, 51, 52} <= set(found.tolist())
        for path in person.motions.values():
            turn = read_motion(path)[:3, :3]
            assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-4)


# The command and the figure


def test_the_command_names_folders_only():
    args = registration.parse(
        ['/a/out', '--real', '/b/real', '--silver', '/c/silver', '--simulated', '/d/regsim']
    )
    assert str(args.real) == '/b/real'
    assert args.parts == ['speed', 'rigid', 'overlap', 'failures']
    assert registration.command(args, 'speed') == (
        'python benchmarks/registration.py out --parts speed --real real --silver silver --seed 1'
    )
    for part in args.parts:
        repeated = registration.parse(registration.command(args, part).split()[2:])
        assert registration.command(repeated, part) == registration.command(args, part)
        assert '/' not in registration.command(args, part).removeprefix('python benchmarks/')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--parts', 'overlap'], 'overlap need --simulated'),
        (['--parts', 'speed', '--silver', 'silver'], 'speed need --real'),
        ([*DATASETS, '--seed', '0'], '--seed must be above 0, received 0'),
    ],
)
def test_what_is_missing_has_to_be_named(capsys, words, message):
    with pytest.raises(SystemExit):
        registration.parse(['out', *words])
    assert message in capsys.readouterr().err


def test_the_figure_shows_the_parts_that_are_there(tmp_path):
    assert registration_figure.draw(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    speed = {
        'sessions': [
            {
                'session': 'sub-01_ses-1',
                'ours': {'wall_s': 20},
                'stock': {'wall_s': 200},
                'ratios': {'wall_s': 0.1},
            }
        ]
    }
    errors = [{'kind': 'moved', 'mean_tre_mm': e} for e in (0.3, 0.5, None)]
    rigid = {'draws': errors, 'people': [{'method': 'ours', 'mean_tre_mm': 0.2}]}
    truth = basal_ganglia()
    row = registration_overlap.compared(basal_ganglia(shift=1), truth, AFFINE)
    found, none = registration_overlap.summed([row]), registration_overlap.summed([])
    overlap = {
        'ours': found,
        'stock': none,
        'ours_same_people': none,
    }
    records = {'speed': speed, 'rigid': rigid, 'overlap': overlap}
    for part, record in records.items():
        (tmp_path / f'registration_{part}.json').write_text(json.dumps(record))
    assert registration_figure.draw(tmp_path).name == 'registration.png'
    axes = registration_figure.registration_figure(records).axes
    assert [len(ax.patches) for ax in axes] == [2, 0, 0]
    assert axes[0].patches[0].get_height() == 200
    assert [text.get_text() for text in axes[2].get_legend().get_texts()] == ['ours']
    assert found['slices_equal'] == 1
    assert len(registration_figure.registration_figure({'rigid': rigid}).axes) == 1
