import pytest

from pvs_workflow.inputs.demographics import parse_age, parse_sexes


@pytest.mark.parametrize(
    ('text', 'years'),
    [
        ('93', 93),
        ('71.5', 71.5),
        ('71,5', 71.5),
        ('90+', 90),
        ('> 89', 89),
        ('>=90', 90),
        ('89 +', 89),
        ('071Y', 71),
        ('71 years', 71),
        ('71 yrs.', 71),
        ('71 Jahre', 71),
        ('0', 0),
        ('-5', None),
        ('999', None),
        ('6 months', None),
        ('006M', None),
        ('<18', None),
        ('70-75', None),
        ('70 75', None),
        ('1e1', None),
        ('', None),
    ],
)
def test_ages_are_read_as_people_write_them(text, years):
    assert parse_age(text) == years


@pytest.mark.parametrize(
    ('codes', 'levels', 'expected'),
    [
        (['F', 'm', 'O'], None, ['female', 'male', 'other']),
        (['Female', 'MALE', 'Other'], None, ['female', 'male', 'other']),
        (['w', 'm', 'd'], None, ['female', 'male', None]),
        (['weiblich', 'männlich', 'divers'], None, ['female', 'male', 'other']),
        (['1', '2', None], None, [None, None, None]),
        (['1', '2', '3'], {'1': 'male', '2': 'female'}, ['male', 'female', None]),
        (['0.0', '1.0'], {'0': 'Men', '1': 'Female participants'}, [None, 'female']),
        (['1', '2'], {'1': {'Description': 'Male'}, '2': {'LongName': 'F'}}, ['male', 'female']),
        (['1', '2'], {'male': 1, 'female': '2'}, ['male', 'female']),
        (['1', '2'], {'1': 'male or female', '2': None}, [None, None]),
        (['h', 'm'], None, [None, None]),
        (['H', 'M'], {'H': 'hombre', 'M': 'mujer'}, ['male', 'female']),
        (['F', '1'], 'text', ['female', None]),
    ],
)
def test_codes_of_sex_are_interpreted_only_if_their_meaning_is_known(codes, levels, expected):
    assert parse_sexes(codes, levels) == expected
