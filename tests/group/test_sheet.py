import pytest

from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.errors import NoInputError
from pvs_workflow.group import collect_sheet
from tests.builders.results import save_result, with_end


@pytest.fixture
def out(tmp_path):
    """Return results of three participants, with their images."""
    for participant in ('01', '02', '03'):
        save_result(tmp_path, participant, images=True)
    return tmp_path


def test_a_sheet_has_six_images_of_each_t2w(out):
    output = collect_sheet(out, 1)
    assert output.problems == ()
    assert {path.name for path in output.written} == {
        'reading_sheet.html',
        'reading_ratings.tsv',
        'reading_ratings.json',
        'reading_key.tsv',
        'reading_key.json',
    }
    key = read_table(out / 'reading_key.tsv', 'reading_key')
    assert key['participant_id'].value_counts().to_dict() == {
        'sub-01': 6,
        'sub-02': 6,
        'sub-03': 6,
    }


def test_a_sheet_names_what_is_missing_and_shows_the_rest(out):
    with_end(out / 'sub-02/anat/sub-02', 'desc-preproc_T2w.nii.gz').unlink()
    (problem,) = collect_sheet(out, 1).problems
    assert 'sub-02 cannot be shown' in problem
    key = read_table(out / 'reading_key.tsv', 'reading_key')
    assert set(key['participant_id']) == {'sub-01', 'sub-03'}


def test_another_seed_gives_other_codes(out):
    codes = []
    for seed in (1, 1, 2):
        collect_sheet(out, seed)
        codes.append(read_table(out / 'reading_key.tsv', 'reading_key')['image_id'].tolist())
    assert codes[0] == codes[1]
    assert not set(codes[0]) & set(codes[2])


def test_a_sheet_needs_results(tmp_path):
    with pytest.raises(NoInputError, match='run the participant level first'):
        collect_sheet(tmp_path, 1)
