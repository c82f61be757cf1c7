import re

import pytest

from pvs_workflow.report.citations import load_citations


def test_every_entry_is_whole():
    for reference in load_citations().known.values():
        entry = reference.bibtex
        assert entry.isascii()
        assert entry.count('{') == entry.count('}')
        assert not re.search(r'[&%$#_~^\\]', entry.split('doi =')[0])
        assert re.search(r'doi = \{10\.\d+/\S+\}', entry)
        fields = dict(re.findall(r'^  (\w+) = \{(.*)\},?$', entry, re.MULTILINE))
        needed = {'author', 'title', 'doi'}
        if entry.startswith('@article'):
            needed |= {'journal', 'year', 'volume', 'pages'}
        assert needed <= set(fields)


def test_names_become_bibtex_names():
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


def test_references_are_numbered_in_the_order_of_their_citation():
    cite = load_citations()
    marks = [str(cite(key)) for key in ('potter2015', 'brett', 'potter2015')]
    assert [mark.partition('>')[2] for mark in marks] == ['[1]</a>', '[2]</a>', '[1]</a>']
    assert [entry.key for entry in cite.cited] == ['potter2015', 'brett']


def test_a_citation_can_be_written_otherwise():
    assert load_citations('[@{key}]')('brett') == '[@brett]'


def test_an_unknown_reference_is_an_error():
    with pytest.raises(KeyError, match='nobody1999'):
        load_citations()('nobody1999')
