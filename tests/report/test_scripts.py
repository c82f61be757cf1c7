import pytest

from pvs_workflow.report.scripts import load_script


def test_scripts_that_ship_can_be_embedded():
    for parts in (('datatables', 'dataTables.min.js'), ('tables.js',)):
        script = load_script(*parts)
        assert '</script' not in script.text
        assert len(script.source) == 44 + len("'sha256-'")


@pytest.mark.parametrize('text', ['a</SCRIPT>', '<!-- a'])
def test_scripts_that_would_end_early_are_refused(tmp_path, monkeypatch, text):
    (tmp_path / 'a.js').write_text(text)
    monkeypatch.setattr('pvs_workflow.data.path', lambda *parts: tmp_path / parts[-1])
    with pytest.raises(ValueError, match=r'a\.js cannot be embedded'):
        load_script('a.js')
