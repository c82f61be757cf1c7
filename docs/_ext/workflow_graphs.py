"""Graphs of nipype workflows, drawn where Graphviz is installed and told in words where not.

Nipype's directive needs Graphviz' program ``dot`` and fails without it. A machine that lacks it
must still be able to build the pages, so that there the nodes and connections stand as text.
"""

import logging
import shutil
import textwrap

from docutils import nodes
from nipype.pipeline.engine import Workflow
from nipype.sphinxext.plot_workflow import WorkflowDirective


class Graph(WorkflowDirective):
    """``.. workflow::`` with a text in place of the picture, and with the picture's alt text."""

    def run(self) -> list[nodes.Node]:
        """Return the picture or the text."""
        code = textwrap.dedent('\n'.join(self.content))
        if shutil.which('dot'):
            self.options.setdefault('alt', 'Graph of the nodes and their connections')
            return super().run()
        text = describe(run_snippet(code))
        return [nodes.literal_block(text, text, language='text')]


def run_snippet(code: str) -> Workflow:
    """Run a docstring's snippet and return its ``wf``."""
    scope: dict = {}
    exec(code, scope)
    return scope['wf']


def describe(workflow: Workflow) -> str:
    """Return a line for each connection of a workflow's nodes, and for each unconnected node."""
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
    """Return the name of an output, which a connection may hold with a function."""
    name = out[0] if isinstance(out, tuple) else out
    return name.removeprefix('outputnode.')


def setup(app) -> dict:
    """Put the directive in place of nipype's."""
    app.setup_extension('nipype.sphinxext.plot_workflow')
    logging.getLogger('nipype.workflow').setLevel(logging.WARNING)
    app.add_directive('workflow', Graph, override=True)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
