"""Sphinx configuration: build offline, with warnings as errors (``make docs``)."""

import os
import sys
from pathlib import Path

# Keep nipype from checking for updates online.
os.environ |= {'NO_ET': '1', 'NIPYPE_NO_ET': '1'}

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / '_ext')]

from pvs_workflow import __version__  # noqa: E402

project = 'pvs_workflow'
author = 'The pvs_workflow developers'
project_copyright = author
release = version = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'nipype.sphinxext.apidoc',  # napoleon and the traits of interfaces
    'constants',
    'parsers',
    'workflow_graphs',
]
exclude_patterns = ['_*', 'validation']
templates_path = ['_templates']

highlight_language = 'none'
nitpicky = True
# Inventories of other projects are not available offline, so their names are not linked.
nitpick_ignore_regex = [('py:.*', r'(?!pvs_workflow\b).*')]

myst_heading_anchors = 4

# API reference: a page for each package and module in docs/api, rewritten by each build.
autosummary_generate = True
autodoc_default_options = {'ignore-module-all': True}
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
autodoc_typehints_format = 'short'
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = 'hide'
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [
    ('Inputs', 'params_style'),
    ('Outputs', 'params_style'),
    ('Mandatory Inputs', 'params_style'),
    ('Optional Inputs', 'params_style'),
    # Show attributes as parameters: words in their types must not become links.
    ('Attributes', 'params_style'),
]

# Remove the pages of modules that no longer exist.
for page in (HERE / 'api').glob('*.rst'):
    module = ROOT / page.stem.replace('.', '/')
    if not (module.is_dir() or module.with_suffix('.py').is_file()):
        page.unlink()

# Graphs of workflows: one figure each, which links to the full-size image.
wf_formats = ['svg']
wf_html_show_formats = False
wf_html_show_source_link = False
wf_template = """
{% for image in images %}
.. figure:: {{ build_dir }}/{{ image.basename }}.svg
   :target: {{ dest_dir }}/{{ image.basename }}.svg
{%- for option in options %}
   {{ option }}
{%- endfor %}
{% endfor %}
"""

html_theme = 'furo'
html_title = f'pvs_workflow {release}'
html_copy_source = False
