"""All workflow builders, and the graphs of the snippets in their docstrings."""

import importlib
import inspect
import pkgutil

import pvs_workflow.workflows

BUILDERS = {
    name: builder
    for module in pkgutil.iter_modules(pvs_workflow.workflows.__path__)
    for name, builder in inspect.getmembers(
        importlib.import_module(f'pvs_workflow.workflows.{module.name}'), inspect.isfunction
    )
    if name.startswith('init_') and builder.__module__.endswith(module.name)
}


def build(builder):
    """Run the snippet in a builder's docstring and return its graph."""
    doc = inspect.getdoc(builder)
    code = doc.split(':simple_form: yes\n')[1].split('\nParameters\n')[0]
    scope = {}
    exec(inspect.cleandoc(code), scope)
    return scope['wf']
