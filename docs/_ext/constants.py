"""Docstrings of constants and properties as they are written.

Napoleon takes what stands before their first colon for a type.
"""

KINDS = frozenset({'attribute', 'data', 'property'})


def setup(app) -> dict:
    """Keep these docstrings before napoleon sees them, and put them back afterwards."""
    kept: dict[str, list[str]] = {}

    def keep(app, what, name, obj, options, lines) -> None:
        if what in KINDS:
            kept[name] = list(lines)

    def put_back(app, what, name, obj, options, lines) -> None:
        if name in kept:
            lines[:] = kept.pop(name)

    app.connect('autodoc-process-docstring', keep, priority=400)
    app.connect('autodoc-process-docstring', put_back, priority=600)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
