import re

import pytest

from pvs_workflow.report.methods import load_citations, methods_of_run, write_citations

FACTS = {
    'version': '9.8.7',
    'versions': {'antspyx': '0.6.3'},
    'model': {'name': 'cascade <b>', 'version': '1.2', 'sha256': '0f' * 32},
    'seed': 7,
    'bias_correction': True,
}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the citations of a run and returns the three texts."""

    def call(facts=FACTS, t1w=(True,), flair=(False,)):
        paths = write_citations(tmp_path, methods_of_run(facts, t1w=t1w, flair=flair))
        return [path.read_text() for path in paths]

    return call


def keys_of(bibliography):
    return re.findall(r'^@\w+\{(\w+),$', bibliography, re.MULTILINE)


def test_the_bibliography_has_exactly_the_cited_references(write):
    markdown, page, bibliography = write()
    text, _, listed = markdown.partition('# References')
    cited = list(dict.fromkeys(re.findall(r'\[@(\w+)\]', text)))
    assert keys_of(bibliography) == cited == re.findall(r'- \[@(\w+)\]', listed)
    assert re.findall(r'id="ref-(\w+)"', page) == cited
    assert 'tustison2010' in cited
    markdown, _, bibliography = write(FACTS | {'bias_correction': False})
    assert 'tustison2010' not in keys_of(bibliography)
    assert '@tustison2010' not in markdown


def test_both_texts_describe_the_run_and_are_escaped(write):
    for text in write()[:2]:
        assert '<b>' not in text
        assert 'cascade &lt;b&gt; 1.2' in text
        assert '9.8.7' in text
        assert 'The T1w was registered' in text
        assert 'The FLAIR was' not in text
        assert '0f' * 32 in text
    markdown = write(t1w=(True, False))[0]
    assert 'to the T2w where available' in ' '.join(markdown.split())
    assert '.\n\n# References\n\n- ' in markdown
    assert '\n\n\n\n' not in markdown


def test_the_same_run_gives_the_same_bytes(write):
    assert write() == write()


def test_every_entry_is_complete():
    for reference in load_citations().known.values():
        entry = reference.bibtex
        assert entry.isascii()
        assert entry.count('{') == entry.count('}')
        assert not re.search(r'[&%$#_~^\\]', entry.split('doi =')[0])
        assert re.search(r'doi = \{10\.\d+/\S+\}', entry)
        fields = dict(re.findall(r'^  (\w+) = \{(.*)\},?$', entry, re.MULTILINE))
        required = {'author', 'title', 'doi'}
        if entry.startswith('@article'):
            required |= {'journal', 'year', 'volume', 'pages'}
        assert required <= set(fields)


def test_references_are_formatted_in_vancouver_style():
    known = load_citations().known
    assert 'Van Leemput, K. and Fischl, B.' in known['billot2023'].bibtex
    assert 'Hanke, M. and others}' in known['brett'].bibtex
    assert known['potter2015'].text == (
        'Potter GM, Chappell FM, Morris Z, Wardlaw JM. Cerebral perivascular spaces visible on '
        'magnetic resonance imaging: development of a qualitative rating scale and its observer '
        'reliability. Cerebrovasc Dis 2015;39(3–4):224–231.'
    )
    assert known['brett'].text.endswith('file formats. Zenodo.')
    assert ', et al. ' in known['brett'].text


def test_references_are_numbered_in_order_of_citation():
    cite = load_citations()
    marks = [str(cite(key)) for key in ('potter2015', 'brett', 'potter2015')]
    assert [mark.partition('>')[2] for mark in marks] == ['[1]</a>', '[2]</a>', '[1]</a>']
    assert [entry.key for entry in cite.cited] == ['potter2015', 'brett']


def test_the_format_of_citations_can_be_chosen():
    assert load_citations('[@{key}]')('brett') == '[@brett]'


def test_an_unknown_reference_is_an_error():
    with pytest.raises(KeyError, match='unknown1999'):
        load_citations()('unknown1999')
