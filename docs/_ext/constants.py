"""Sphinx extension that protects docstrings of constants and properties from napoleon.

Napoleon interprets the text before their first colon as a type.
"""

KINDS = frozenset({'attribute', 'data', 'property'})


def setup(app) -> dict:
    """Save the docstrings of constants and properties, and restore them after napoleon has run."""
    originals: dict[str, list[str]] = {}

    def save(app, what, name, obj, options, lines) -> None:
        if what in KINDS:
            originals[name] = list(lines)

    def restore(app, what, name, obj, options, lines) -> None:
        if name in originals:
            lines[:] = originals.pop(name)

    app.connect('autodoc-process-docstring', save, priority=400)
    app.connect('autodoc-process-docstring', restore, priority=600)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
