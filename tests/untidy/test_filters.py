"""Filter files of fMRIPrep, and what people write in them."""

import json

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs import collect_scans, load_filters

FMRIPREP = {
    'fmap': {'datatype': 'fmap', 'session': '02'},
    'bold': {'datatype': 'func', 'session': '02', 'suffix': 'bold', 'run': [1, 2]},
    'sbref': {'datatype': 'func', 'suffix': 'sbref'},
    'flair': {'datatype': 'anat', 'suffix': 'FLAIR'},
    't2w': {'datatype': 'anat', 'session': '02', 'acquisition': None, 'suffix': 'T2w'},
    't1w': {'datatype': 'anat', 'suffix': 'T1w'},
    'roi': {'datatype': 'anat', 'suffix': 'roi'},
}
PLAIN = ['sub-01_ses-01_T2w.nii.gz', 'sub-01_ses-02_T2w.nii.gz']
TSE = ['sub-01_ses-01_acq-tse_T2w.nii.gz', 'sub-01_ses-02_acq-tse_T2w.nii.gz']


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (json.dumps(FMRIPREP), PLAIN[1:]),
        ('{"t2w": {"session": "ses-02", "acquisition": null}}', PLAIN[1:]),
        ('{"t2w": {"ses": "02", "acq": "acq-tse"}}', TSE[1:]),
        ('{"T2w": {"session": ["ses-01", "02"], "acquisition": "*"}}', TSE),
        ('{"t2w": {"acquisition": "Query.NONE"}}', PLAIN),
        ('{"t2w": {"acquisition": "<Query.NONE: 1>"}}', PLAIN),
        ('{"t2w": {"acquisition": bids.layout.Query.ANY}}', TSE),
        ('{"t2w": {"acquisition": [null, "tse"], "subject": "sub-01"}}', PLAIN + TSE),
        ('{"bold": {"session": 1}}', PLAIN + TSE),
        ('{"t2w": {"session": "01 ", "acquisition": " tse"}}', TSE[:1]),
    ],
)
def test_the_right_images_are_found(make_dataset, tmp_path, text, expected):
    folder = make_dataset(*PLAIN, *TSE)
    path = tmp_path / 'filters.json'
    path.write_text(text)
    scans = collect_scans(folder, filters=load_filters(path)).scans
    assert sorted(scan.t2w.name for scan in scans) == sorted(expected)


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('{"session": 1}', 'has session: 1, a number; give the text "1", or null for images'),
        ('{"session": 01}', 'write labels in quotes, such as "01", and null for none'),
        ('{"acquisition": None}', 'write labels in quotes, such as "01", and null for none'),
        ('{"acquisition": 0}', 'has acquisition: 0, a number; give the text "0", or null for'),
        ('{"acquisition": false}', 'has acquisition: False; give a text, null or a list'),
        ('{"acquisition": {"not": "tse"}}', 'give a text, null or a list of these'),
        ('"T2w"', 'the filter for t2w is not an object of entities'),
    ],
)
def test_other_values_end_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / 'filters.json'
    path.write_text(f'{{"t2w": {text}}}')
    with pytest.raises(PVSError, match=r'filters\.json') as error:
        load_filters(path)
    assert sentence in str(error.value)
