from pvs_workflow.report.results import find_scans


def test_every_t2w_is_found_once_and_sorted(tmp_path, save_results):
    for session in ('b', 'a'):
        save_results(tmp_path, session=session)
    (tmp_path / 'sub-01' / 'figures' / 'sub-01_ses-c_desc-roi_T2w.svg').touch()
    scans = find_scans(tmp_path, '01', ('ses',))
    assert [scan.stem for scan in scans] == ['sub-01_ses-a', 'sub-01_ses-b', 'sub-01_ses-c']
    assert [scan.grade is None for scan in scans] == [False, False, True]


def test_the_title_distinguishes_runs_of_a_session(tmp_path, save_results):
    save_results(tmp_path, session='a_acq-thin_run-1', pictures=False)
    anat = tmp_path / 'sub-01' / 'ses-a_acq-thin_run-1'
    anat.rename(tmp_path / 'sub-01' / 'ses-a')
    (scan,) = find_scans(tmp_path, '01')
    assert scan.title == 'ses-a · acq-thin · run-1'
    assert scan.entities == {'sub': '01', 'ses': 'a', 'acq': 'thin', 'run': '1'}


def test_a_participant_without_results_has_no_scans(tmp_path):
    assert find_scans(tmp_path, '07') == []
