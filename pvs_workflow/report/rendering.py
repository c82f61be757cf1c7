"""Rendering of templates to self-contained pages, with all text escaped."""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from numbers import Integral, Real
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pvs_workflow import data
from pvs_workflow.files import write_text
from pvs_workflow.tsv import MISSING, format_cell, is_missing

GRADE_WORDS = {0: 'none', 1: '1–10', 2: '11–20', 3: '21–40', 4: 'over 40'}
SIDE_WORDS = {'L': 'left', 'R': 'right'}
QC_WORDS = {
    'pass': 'no problem found',
    'review': 'check the pictures before using the result',
    'fail': 'do not use the result',
}

_DIRECTION_CONTROLS = {
    code: f'‹U+{code:04X}›'
    for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Visible replacements for Unicode's bidirectional controls (UAX 9)."""


def write_page(path: Path, template: str, *, scripts: Sequence[str] = (), **context) -> Path:
    """Render a shipped template and write the page atomically.

    Parameters
    ----------
    path : Path
    template : str
        File name in ``data/report``.
    scripts : sequence of str
        File names in ``data/report``. They are embedded at the end of the page, which allows no
        other scripts.
    **context
        Variables of the template; text is escaped.

    """
    style = data.path('report', 'style.css').read_text(encoding='utf-8')
    context |= {
        'style': Markup(style),
        'code': Markup('<code>{}</code>').format,
        'scripts': [load_script(name) for name in scripts],
    }
    write_text(path, render_template(template, **context))
    return path


def load_script(name: str) -> Markup:
    """Read a script in ``data/report``; raise ValueError if it cannot be embedded in a page."""
    text = data.path('report', *name.split('/')).read_text(encoding='utf-8')
    if '</script' in text.lower() or '<!--' in text:
        raise ValueError(f'{name} cannot be embedded: it contains an end tag or a comment')
    return Markup(text)


def checksum_html(script: str) -> Markup:
    """Return the hash source of a script for a Content-Security-Policy (SHA-256).

    Examples
    --------
    >>> str(checksum_html('1'))
    "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"

    """
    digest = hashlib.sha256(script.encode('utf-8')).digest()
    return Markup(f"'sha256-{base64.b64encode(digest).decode('ascii')}'")


def render_template(template: str, **context) -> str:
    """Render a template in ``data/report``; text in the context is escaped."""
    return _environment().get_template(template).render(**context)


def paragraphs_html(text: Markup) -> Markup:
    r"""Wrap the parts between empty lines in paragraph elements.

    Examples
    --------
    >>> str(paragraphs_html(Markup('One &amp;\n two.\n\nThree.')))
    '<p>One &amp;\n two.</p>\n<p>Three.</p>'

    """
    parts = (part.strip() for part in re.split(r'\n\s*\n', text))
    return Markup('\n').join(Markup('<p>{}</p>').format(Markup(part)) for part in parts if part)


def value_html(value, digits: int | None = None) -> Markup:
    """Format one table value; a rounded one keeps the full value in a ``data`` element.

    Without ``digits``, all decimals of the tables are shown.

    Examples
    --------
    >>> str(value_html(12.3457, 1)), str(value_html(float('nan'))), str(value_html('<b>'))
    ('<data value="12.3457">12.3</data>', 'n/a', '&lt;b&gt;')

    """
    text = _format_value(value)
    if digits is None or text == MISSING or isinstance(value, Integral):
        return escape(text)
    return Markup('<data value="{}">{}</data>').format(text, f'{float(value):.{digits}f}')


def grade_html(value) -> Markup:
    """Format a grade with its range of counts; ``n/a`` if it is missing.

    Examples
    --------
    >>> str(grade_html(2.0))
    '<data value="2">2</data> (11–20)'

    """
    text = _format_value(value)
    if text == MISSING:
        return Markup(MISSING)
    return Markup('<data value="{0}">{0}</data> ({1})').format(text, GRADE_WORDS[int(value)])


def percent_html(value) -> Markup:
    """Format a probability in per cent, with the full value in a ``data`` element.

    Examples
    --------
    >>> str(percent_html(0.4567)), str(percent_html(None))
    ('<data value="0.4567">46 %</data>', 'n/a')

    """
    text = _format_value(value)
    if text == MISSING:
        return Markup(MISSING)
    return Markup('<data value="{}">{} %</data>').format(text, f'{100 * value:.0f}')


def _format_value(value) -> str:
    """Format a value like a table cell; unlike there, text may contain any characters."""
    if isinstance(value, Real) or is_missing(value):
        return format_cell(value)
    return visible_text(str(value)) or MISSING


def visible_text(text: str) -> str:
    """Make direction controls visible, so that they cannot disguise text."""
    return text if text.isascii() else text.translate(_DIRECTION_CONTROLS)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(data.path('report')),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        'checksum': checksum_html,
        'value': value_html,
        'grade': grade_html,
        'paragraphs': paragraphs_html,
        'percent': percent_html,
    }
    environment.globals |= {'qc_words': QC_WORDS, 'side_words': SIDE_WORDS}
    return environment
