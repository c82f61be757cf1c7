"""Sphinx directive ``workflow``, which draws the graph of a nipype workflow.

Nipype's directive fails without Graphviz. This one lists the nodes and connections as text if
Graphviz is not installed, so that the pages can still be built.
"""

import logging
import shutil
import textwrap

from docutils import nodes
from nipype.pipeline.engine import Workflow
from nipype.sphinxext.plot_workflow import WorkflowDirective


class Graph(WorkflowDirective):
    """Directive that draws a workflow with an alt text, or lists its connections as text."""

    def run(self) -> list[nodes.Node]:
        """Return the figure or the text."""
        code = textwrap.dedent('\n'.join(self.content))
        if shutil.which('dot'):
            self.options.setdefault('alt', 'Graph of the nodes and their connections')
            return super().run()
        text = describe(run_snippet(code))
        return [nodes.literal_block(text, text, language='text')]


def run_snippet(code: str) -> Workflow:
    """Run the code of a docstring and return its variable ``wf``."""
    scope: dict = {}
    exec(code, scope)
    return scope['wf']


def describe(workflow: Workflow) -> str:
    """Return a line for each connection between nodes, and for each unconnected node."""
    graph = workflow._graph
    lines = [
        f'{source.name} -> {target.name}: ' + ', '.join(sorted(_name(out) for out, _ in pairs))
        for source, target, pairs in sorted(
            graph.edges(data='connect'), key=lambda edge: (edge[0].name, edge[1].name)
        )
    ]
    lines += sorted(node.name for node in graph if not graph.degree(node))
    return '\n'.join(lines)


def _name(out) -> str:
    """Return the name of an output, which a connection may combine with a function."""
    name = out[0] if isinstance(out, tuple) else out
    return name.removeprefix('outputnode.')


def setup(app) -> dict:
    """Register the directive, which replaces nipype's."""
    app.setup_extension('nipype.sphinxext.plot_workflow')
    logging.getLogger('nipype.workflow').setLevel(logging.WARNING)
    app.add_directive('workflow', Graph, override=True)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
