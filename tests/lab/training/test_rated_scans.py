import json

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.errors import ImageError, NoInputError, PVSError
from pvs_workflow.lab.training.rated_scans import Ratings, find_rated_scans, read_counts
from pvs_workflow.lab.training.samples import read_samples, scan_samples, volume_samples

ROI = 'space-T2w_desc-basalganglia_dseg'
EVIDENCE = 'space-T2w_desc-epvs_dseg'
RATERS_MASK = 'space-T2w_desc-raters_mask'
RATERS_DSEG = 'space-T2w_desc-raters_dseg'


def save(folder, name, data, affine):
    folder.mkdir(parents=True, exist_ok=True)
    nb.Nifti1Image(data, affine).to_filename(folder / f'{name}.nii.gz')
    return folder / f'{name}.nii.gz'


@pytest.fixture
def cohort(tmp_path, phantom):
    """A raw dataset of one person, and the results of the app."""
    raw, out = tmp_path / 'raw', tmp_path / 'out'
    save(raw / 'sub-01' / 'anat', 'sub-01_T2w', phantom.t2w, phantom.affine)
    anat = out / 'sub-01' / 'anat'
    for name, data in (
        (ROI, phantom.roi),
        (EVIDENCE, (phantom.t2w > 150).astype(np.int16)),
        ('desc-preproc_T2w', phantom.t2w * 1.5),
    ):
        save(anat, f'sub-01_{name}', data, phantom.affine)
    description = {'Name': 'x', 'BIDSVersion': '1.10.0', 'GeneratedBy': [{'Name': 'pvs_workflow'}]}
    (out / 'dataset_description.json').write_text(json.dumps(description))
    return raw, out, anat


def make_ratings(**people):
    return Ratings('ratings.tsv', {(name, None): counts for name, counts in people.items()})


def counts(samples):
    return [sample.count for sample in samples]


def truth(phantom):
    return counts(volume_samples('01', phantom.t2w, phantom.roi, phantom.epvs, phantom.affine))


def test_epvs_found_by_the_app_are_not_used_as_masks(cohort):
    raw, out, _ = cohort
    with pytest.raises(
        NoInputError, match=r'no ePVS masks .* of the 1 T2w images with .* are not used'
    ):
        find_rated_scans(raw, out)
    with pytest.raises(NoInputError):
        find_rated_scans(raw, out, masks=out)


def test_epvs_found_by_the_app_are_recognised_without_a_description(cohort, phantom):
    raw, out, anat = cohort
    (out / 'dataset_description.json').unlink()
    save(anat, 'sub-01_space-T2w_desc-enhanced_T2w', phantom.t2w, phantom.affine)
    with pytest.raises(NoInputError):
        find_rated_scans(raw, out)


def test_binary_masks_are_split_into_epvs(cohort, phantom):
    raw, out, anat = cohort
    path = save(anat, f'sub-01_{RATERS_MASK}', (phantom.epvs > 0).astype(np.uint8), phantom.affine)
    (scan,) = find_rated_scans(raw, out)
    assert scan.masks == path
    assert scan.t2w == anat / 'sub-01_desc-preproc_T2w.nii.gz'
    samples = scan_samples(scan)
    assert counts(samples) == truth(phantom)
    assert max(samples[0].plane.ravel()) > 181  # the prepared T2w, not the raw one


def test_empty_images_other_than_the_six_are_omitted(cohort, phantom):
    raw, out, anat = cohort
    phantom.roi[20:60, 40:80, 0] = 1
    save(anat, f'sub-01_{ROI}', phantom.roi, phantom.affine)
    mask = (phantom.epvs > 0).astype(np.uint8)
    save(anat, f'sub-01_{RATERS_MASK}', mask, phantom.affine)
    assert len(list(read_samples(raw, out))) == 6
    mask[50, 60, 0] = 1
    save(anat, f'sub-01_{RATERS_MASK}', mask, phantom.affine)
    assert sorted(counts(read_samples(raw, out))) == sorted([*truth(phantom)[1:], 1])


def test_labels_of_raters_are_preserved(cohort, phantom):
    """Touching ePVS with different labels are separate."""
    raw, out, anat = cohort
    touching = np.repeat(phantom.epvs, 1, axis=0).astype(np.uint8)
    i, j, z = np.argwhere(touching == 1)[0]
    touching[i, j : j + 2, z] = 200
    save(anat, f'sub-01_{RATERS_DSEG}', touching, phantom.affine)
    samples = list(read_samples(raw, out))
    assert sum(counts(samples)) == sum(truth(phantom)) + 1


def test_labels_with_a_single_value_are_split_into_epvs(cohort, phantom):
    raw, out, anat = cohort
    save(anat, f'sub-01_{RATERS_DSEG}', (phantom.epvs > 0).astype(np.uint8), phantom.affine)
    assert counts(read_samples(raw, out)) == truth(phantom)


def test_pixels_that_touch_at_a_corner_are_one_epvs(phantom):
    mask = np.zeros(phantom.roi.shape, np.uint8)
    mask[50, 80, 2] = mask[51, 81, 2] = mask[53, 80, 2] = 1
    mask[50, 80, 3] = 1
    samples = volume_samples('01', phantom.t2w, phantom.roi, mask, phantom.affine, binary=True)
    assert counts(samples) == [0, 2, 1, 0, 0, 0]


def test_thin_slices_are_averaged_before_masks_are_split(phantom):
    mask = (phantom.epvs > 0).astype(np.uint8)
    thin = [np.repeat(a, 5, axis=2) for a in (phantom.t2w, phantom.roi, mask)]
    affine = phantom.affine @ np.diag([1, 1, 0.2, 1])
    assert counts(volume_samples('01', *thin, affine, binary=True)) == truth(phantom)


def test_epvs_mostly_outside_the_roi_are_not_counted(phantom):
    epvs = np.zeros(phantom.roi.shape, np.uint8)
    x = int(np.flatnonzero(phantom.roi[:, 79, 2] == 1)[0])
    epvs[x - 3 : x + 1, 79, 2] = 1  # one of four pixels inside
    epvs[x - 2 : x + 2, 85, 2] = 2
    samples = volume_samples('01', phantom.t2w, phantom.roi, epvs, phantom.affine)
    assert counts(samples)[1] == 1


@pytest.mark.parametrize('flat', [True, False])
def test_masks_may_be_in_another_folder(cohort, phantom, tmp_path, flat):
    raw, out, _ = cohort
    folder = tmp_path / 'masks' if flat else tmp_path / 'masks' / 'sub-01' / 'anat'
    mask = (phantom.epvs > 0).astype(np.uint8)
    path = save(folder, f'sub-01_{RATERS_MASK}', mask, phantom.affine)
    (scan,) = find_rated_scans(raw, out, tmp_path / 'masks')
    assert scan.masks == path


@pytest.mark.parametrize(
    ('kind', 'change', 'message'),
    [
        (RATERS_MASK, lambda a: a, r'is not a binary mask: it has \d+ different values'),
        (RATERS_DSEG, lambda a: a * np.float32(0.5), 'is not a mask: .* not all whole numbers'),
        (RATERS_DSEG, lambda a: -a, 'is not a mask: .* not all whole numbers'),
        (RATERS_DSEG, lambda a: a[1:], 'are on another grid'),
    ],
)
def test_invalid_masks_are_rejected(cohort, phantom, kind, change, message):
    raw, out, anat = cohort
    save(anat, f'sub-01_{kind}', change(phantom.epvs), phantom.affine)
    with pytest.raises(ImageError, match=message):
        list(read_samples(raw, out))


def test_ratings_refer_to_slices_as_stored(cohort, phantom):
    raw, out, _ = cohort
    ratings = make_ratings(**{'01': {('L', 2): 7.5, ('R', 3): 0.0}})
    samples = list(read_samples(raw, out, ratings=ratings))
    assert [(s.view.hemisphere, s.view.rank, s.count) for s in samples] == [
        ('L', 2, 7.5),
        ('R', 3, 0.0),
    ]
    assert not any(sample.has_masks for sample in samples)
    upside_down = phantom.affine @ np.diag([1, 1, -1, 1])
    stored = [a[:, :, ::-1] for a in (phantom.t2w, phantom.roi)]
    samples = volume_samples('01', *stored, None, upside_down, rated={('L', 3): 4.0})
    assert [(s.view.rank, s.count) for s in samples] == [(1, 4.0)]


def test_ratings_of_thin_slices_refer_to_the_centre_of_a_slab(phantom):
    thin = [np.repeat(a, 5, axis=2) for a in (phantom.t2w, phantom.roi)]
    affine = phantom.affine @ np.diag([1, 1, 0.2, 1])
    samples = volume_samples('01', *thin, None, affine, rated={('R', 12): 9.0})
    assert [(s.view.hemisphere, s.view.rank, s.count) for s in samples] == [('R', 2, 9.0)]
    with pytest.raises(ImageError, match=r'rated slice 11 .* counted from 0: 7, 12, 17$'):
        volume_samples('01', *thin, None, affine, rated={('R', 11): 9.0})


def test_ratings_that_match_no_image_are_rejected(cohort, phantom):
    raw, out, _ = cohort
    both = make_ratings(**{'01': {('L', 2): 1.0}, '02': {('L', 2): 1.0}})
    with pytest.raises(PVSError, match=r'participant 02 in \S+ match no T2w image with basal'):
        find_rated_scans(raw, out, ratings=both)
    with pytest.raises(PVSError, match=r'rated slice 4 \(hemisphere L\).* from 0: 1, 2, 3$'):
        list(read_samples(raw, out, ratings=make_ratings(**{'01': {('L', 4): 1.0}})))
    for name, data in (('T2w', phantom.t2w), (ROI, phantom.roi)):
        folder = (raw if name == 'T2w' else out) / 'sub-01' / 'anat'
        save(folder, f'sub-01_run-2_{name}', data, phantom.affine)
    with pytest.raises(PVSError, match=r'match 2 T2w images; .* needs exactly one'):
        find_rated_scans(raw, out, ratings=make_ratings(**{'01': {('L', 2): 1.0}}))


def test_given_masks_have_priority_over_ratings(cohort, phantom, tmp_path):
    """Masks in the derivatives do not."""
    raw, out, anat = cohort
    ratings = make_ratings(**{'01': {('L', 2): 7.5}})
    mask = (phantom.epvs > 0).astype(np.uint8)
    path = save(tmp_path / 'masks', f'sub-01_{RATERS_MASK}', mask, phantom.affine)
    (scan,) = find_rated_scans(raw, out, tmp_path / 'masks', ratings)
    assert (scan.masks, scan.rated) == (path, {})
    path.replace(anat / path.name)
    (scan,) = find_rated_scans(raw, out, ratings=ratings)
    assert (scan.masks, scan.rated) == (None, {('L', 2): 7.5})


HEADER = 'participant_id\tsession_id\themisphere\tslice\tcount\trater'


def table(path, *rows, header=HEADER):
    path.write_text('\n'.join([header, *rows]) + '\n', encoding='utf-8')
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'ratings.tsv'


def test_counts_of_several_raters_are_averaged(path):
    rows = ('sub-01\tses-1\tL\t17\t3\tA', '01\t1\tL\t17\t4\tB', '01\tn/a\tR\t16.0\t2.5\tA')
    ratings = read_counts(table(path, *rows))
    assert ratings.source == path
    assert ratings.counts == {('01', '1'): {('L', 17): 3.5}, ('01', None): {('R', 16): 2.5}}


def test_a_table_without_sessions_and_with_a_byte_order_mark_is_read(path):
    table(path, '01\tL\t0\t0', header='\ufeffparticipant_id\themisphere\tslice\tcount')
    assert read_counts(path).counts == {('01', None): {('L', 0): 0.0}}


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ('01\tn/a\tL\t17\t-1\tA', r"line 2, has an unusable count: '-1' is not a number"),
        ('01\tn/a\tL\t17\tmany\tA', "unusable count: 'many' is not"),
        ('01\tn/a\tL\t17\tnan\tA', "unusable count: 'nan' is not"),
        ('01\tn/a\tL\t17\tinf\tA', "unusable count: 'inf' is not"),
        ('01\tn/a\tL\t17', "unusable count: '' is not"),
        ('01\tn/a\tleft\t17\t3\tA', "unusable hemisphere: 'left' is not L or R"),
        ('01\tn/a\tL\t1.5\t3\tA', "unusable slice: '1.5' is not"),
        ('01\tn/a\tL\t-1\t3\tA', "unusable slice: '-1' is not"),
        ('n/a\tn/a\tL\t1\t3\tA', "unusable participant_id: 'n/a' is not"),
    ],
)
def test_messages_name_the_invalid_value(path, row, message):
    with pytest.raises(PVSError, match=message) as caught:
        read_counts(table(path, row))
    assert '\n' not in str(caught.value)


def test_messages_name_missing_columns(path):
    table(path, '01\t3', header='participant_id\tcount')
    with pytest.raises(
        PVSError, match=r'lacks the column hemisphere and slice; give .* participant_id'
    ):
        read_counts(path)


def test_empty_missing_and_binary_tables_are_rejected(path):
    with pytest.raises(PVSError, match='has no ratings'):
        read_counts(table(path))
    with pytest.raises(PVSError, match='cannot be read as tab-separated values'):
        read_counts(path.with_name('none.tsv'))
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(PVSError, match='cannot be read as tab-separated values'):
        read_counts(path)
    path.write_text('')
    with pytest.raises(PVSError, match='it is empty'):
        read_counts(path)
