from pvs_workflow.derivatives.lookups import write_lookup


def test_every_value_has_a_name(tmp_path):
    write_lookup('structures', tmp_path / 'a.tsv')
    lines = (tmp_path / 'a.tsv').read_text().splitlines()
    assert lines[0] == 'index\tname'
    assert '51\tright putamen' in lines
    assert len(lines) == 15


def test_sides_of_the_roi_are_named(tmp_path):
    write_lookup('roi', tmp_path / 'a.tsv')
    text = (tmp_path / 'a.tsv').read_text()
    assert text == 'index\tname\n1\tleft basal ganglia\n2\tright basal ganglia\n'
