import math

import pytest

from pvs_workflow.report.rendering import (
    checksum_html,
    load_script,
    render_template,
    value_html,
    visible_text,
    write_page,
)


def test_shipped_scripts_can_be_embedded():
    for name in ('datatables/dataTables.min.js', 'tables.js', 'reading.js'):
        script = load_script(name)
        assert '</script' not in script
        assert len(checksum_html(script)) == 44 + len("'sha256-'")


@pytest.mark.parametrize('text', ['a</SCRIPT>', '<!-- a'])
def test_scripts_with_end_tags_or_comments_are_rejected(tmp_path, monkeypatch, text):
    (tmp_path / 'a.js').write_text(text)
    monkeypatch.setattr('pvs_workflow.data.path', lambda *parts: tmp_path / parts[-1])
    with pytest.raises(ValueError, match=r'a\.js cannot be embedded'):
        load_script('a.js')


def test_text_of_the_context_is_escaped():
    page = render_template('citation.md.j2', methods=_Anything(), cite=_cite, code=str)
    assert '&lt;b&gt;' in page
    assert '<b>' not in page


class _Anything:
    """Methods in which every value is markup."""

    def version(self, _):
        return '<b>'

    def __getattr__(self, _):
        return '<b>'

    runs = 1


def _cite(_):
    return ''


_cite.cited = ()


def test_a_page_is_reproducible(tmp_path):
    section = {'title': 't', 'context': {'rows': [], 'usable': 0, 'compared': False}}
    context = section['context'] | {'min_results': 1, 'max_z': 2, 'min_probability': 3}
    pages = [
        write_page(tmp_path / name, 'outliers.html.j2', section=section | {'context': context})
        for name in ('a.html', 'b.html')
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes() != b''


@pytest.mark.parametrize('value', [None, math.nan, ''])
def test_missing_values_are_shown_as_in_the_tables(value):
    assert value_html(value, 1) == 'n/a'


def test_direction_controls_are_made_visible():
    assert visible_text('a\u2067b') == 'a‹U+2067›b'
    assert visible_text('müde') == 'müde'
