from pathlib import Path

from pvs_workflow.inputs import Scan


def make_scan(session=None, **images):
    entities = (('sub', 'a+1'), *((('ses', session),) if session else ()), ('run', '01'))
    paths = {'t2w': Path('/bids/t2.nii'), 't1w': None, 'flair': None} | images
    return Scan('a+1', session, **paths, entities=entities)


def test_results_are_named_after_all_entities():
    assert make_scan('x').prefix == 'sub-a+1_ses-x_run-01'
    assert make_scan('x').folder == 'sub-a+1/ses-x/anat'
    assert (make_scan().prefix, make_scan().folder) == ('sub-a+1_run-01', 'sub-a+1/anat')


def test_node_names_are_alphanumeric_and_unique():
    assert make_scan().name == 'sub_a__1_run_01'
    assert Scan('a1', None, Path('x'), None, None, (('sub', 'a1'),)).name != make_scan().name


def test_sources_are_the_existing_images():
    scan = make_scan(flair=Path('/bids/sub/flair.nii'))
    assert scan.sources(Path('/bids')) == ('bids:raw:t2.nii', 'bids:raw:sub/flair.nii')
