"""``--nipype-plugin-file``: nipype's own plugins, for queues of clusters."""

from dataclasses import dataclass, field
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_text

MOST_BYTES = 2**16
"""Of the file."""
MOST_BRACKETS = 500
"""In it; the time that PyYAML takes grows with the square of those that are open."""
_MOST = 10**6
"""Of processes or GB."""
_OURS = frozenset({'on_start', 'status_callback', 'worker_log'})
"""Arguments by which nodes are followed."""


@dataclass(frozen=True)
class PluginChoice:
    """A plugin of nipype.

    Attributes
    ----------
    name : str
        ``SLURM``, say.
    arguments : dict

    """

    name: str
    arguments: dict = field(default_factory=dict)


def read_plugin_file(path: Path) -> PluginChoice:
    """Read which plugin runs the graph, and its arguments.

    Parameters
    ----------
    path : Path
        YAML with ``plugin`` and ``plugin_args``, as fMRIPrep and others take it.

    Raises
    ------
    PVSError
        If the file cannot be read, or has other keys or values.

    """
    import yaml

    expected = 'expected YAML with "plugin" (a name) and "plugin_args" (keys and values)'
    try:
        text = read_text(Path(path), MOST_BYTES)
        if text.count('[') + text.count('{') > MOST_BRACKETS:
            raise ValueError(f'more than {MOST_BRACKETS} brackets')
        # A few lines of aliases stand for gigabytes.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError('an alias')
        content = yaml.safe_load(text)
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as error:
        raise PVSError(f'{path} cannot be read, {expected}, received: {error}') from error
    if not isinstance(content, dict) or not set(content) <= {'plugin', 'plugin_args'}:
        raise PVSError(f'{path} is no plugin file, {expected}, received {content!r:.80}')
    name, arguments = content.get('plugin'), content.get('plugin_args') or {}
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise PVSError(f'{path} is no plugin file, {expected}, received {content!r:.80}')
    if odd := [key for key in arguments if not isinstance(key, str) or key in _OURS]:
        raise PVSError(f'{path} cannot be used, {expected}, received the key {odd[0]!r:.80}')
    _check_amounts(path, arguments)
    return PluginChoice(name, arguments)


def _check_amounts(path: Path, arguments: dict) -> None:
    for key, kinds in (('n_procs', int), ('memory_gb', int | float)):
        value = arguments.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < _MOST:
            kind = 'whole number' if kinds is int else 'number'
            raise PVSError(
                f'{path} cannot be used, expected a {kind} above 0 for {key}, received '
                f'{value!r:.80}'
            )
