import numpy as np

from pvs_workflow.method.assess import Quality
from pvs_workflow.method.find import find
from pvs_workflow.method.tables import tabulate
from tests.builders.method import image_counts, six_images, small_head, spots

COUNTS = [0.2, 1.4, 9.0, 3.0, 2.0, 14.6]
QUALITY = Quality(('pass',) * 5 + ('review',), 'review', ('a reason',))
IDENTITY = {
    'participant': '01',
    'session': None,
    't2w': 'sub-01/anat/sub-01_T2w.nii.gz',
    'model': 'cascade 1',
    'model_sha256': '0' * 64,
}


def results():
    t2w, located = small_head()
    six = six_images(np.asarray(located.roi.dataobj))
    counted = image_counts(COUNTS, spots([2, 2, 3, 1, 0, 6]))
    return six, counted, find(t2w, six, counted)


def test_each_image_has_a_row():
    table = tabulate(*results(), QUALITY, IDENTITY)['epvs_counts']
    assert table['hemisphere'].tolist() == list('LLLRRR')
    assert table['slice'].tolist() == [3, 4, 5] * 2
    assert table['count'].tolist() == COUNTS
    assert table['instances'].tolist() == [0, 1, 3, 1, 0, 6]
    assert np.allclose(table['roi_area'], 45.8 * 55.0)
    assert table['qc'].tolist() == list(QUALITY.images)


def test_each_epvs_has_a_row_with_its_position():
    six, counted, found = results()
    table = tabulate(six, counted, found, QUALITY, IDENTITY)['epvs_instances']
    assert sorted(table['label']) == list(range(1, 12))
    volume = np.asarray(found.instances.dataobj)
    for row in table.itertuples():
        voxels = np.argwhere(volume == row.label)
        assert np.allclose((row.x, row.y, row.z), voxels.mean(axis=0) * [0.9, 0.9, 4], atol=1e-3)


def test_the_grade_is_that_of_the_highest_count():
    tables = tabulate(*results(), QUALITY, IDENTITY)
    grade = tables['potter_grade'].iloc[0]
    assert list(tables) == ['epvs_instances', 'epvs_counts', 'potter_grade']
    assert grade['participant_id'] == 'sub-01'
    assert (grade['potter'], grade['potter_left'], grade['potter_right']) == (2, 1, 2)
    assert grade['qc_reasons'] == 'a reason'
