"""``--nipype-plugin-file``: nipype's own plugins, for queues of clusters."""

from dataclasses import dataclass, field
from pathlib import Path

from pvs_workflow.errors import PVSError


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
        content = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise PVSError(
            f'{path} cannot be read, {expected}, received: {" ".join(str(error).split())}'
        ) from error
    if not isinstance(content, dict) or not set(content) <= {'plugin', 'plugin_args'}:
        raise PVSError(f'{path} is no plugin file, {expected}, received {content!r:.80}')
    name, arguments = content.get('plugin'), content.get('plugin_args') or {}
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise PVSError(f'{path} is no plugin file, {expected}, received {content!r:.80}')
    return PluginChoice(name, arguments)
