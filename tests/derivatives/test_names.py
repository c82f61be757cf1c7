from pathlib import Path

from pvs_workflow.derivatives import names

PAGE = Path(__file__).parents[2] / 'docs' / 'outputs.md'


def test_every_name_is_documented():
    page = PAGE.read_text('utf-8')
    values = {name: value for name, value in vars(names).items() if name.isupper()}
    texts = [value for value in values.values() if isinstance(value, str)]
    assert len(texts) > 10
    # The page shows the common ending of the transforms once.
    texts = [text.removesuffix('mode-image_xfm') for text in texts]
    assert [text for text in texts if text not in page] == []


def test_a_t2w_has_three_tables():
    assert names.TABLES == (
        'desc-potter_grade',
        'desc-epvs_counts',
        'space-T2w_desc-epvs_instances',
    )
