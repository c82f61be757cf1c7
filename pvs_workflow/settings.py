"""What one run was asked to do: one frozen object, to and from TOML."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import tomli_w

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_text, write_text

MOST_BYTES = 2**20
"""Of a file of settings."""

MOST_STOPS = 1000
"""In a line; the time that names of nested tables take grows with the square of their number."""

RANDOM_SEED = 20240712
"""Of every random choice, where none is given: the paper's date of publication."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run; ``None`` means not given.

    Attributes
    ----------
    bids_dir, output_dir : Path
    analysis_level : {'participant', 'group'}
    run_id : str
        Names the run's files in ``logs``.
    participant_label, session_label : tuple of str
        Without ``sub-`` and ``ses-``; empty for all.
    bids_filter_file, bids_database_dir : Path, optional
    skip_bids_validation : bool
    nprocs : int
        Processes at the same time.
    omp_nthreads : int
        Threads of one process.
    mem_gb : float, optional
        Memory that all nodes together may plan for, in GB (10⁹ bytes).
    work_dir : Path
    model : Path, optional
        A cascade bundle; the shipped one where it is not given.
    random_seed : int
    bias_correction : bool
        Whether N4 corrects the T2w.
    stop_on_first_crash, clean_workdir, write_graph : bool
    resource_monitor : bool
        Whether nipype's monitor notes memory and processors of each step.
    nipype_plugin_file : Path, optional
        Which of nipype's plugins runs the graph.
    ratings : tuple of Path
        Tables of raters' counts and grades, for the group level.
    reading_sheet : bool
        Whether the group level writes a blinded sheet of images to rate.
    boilerplate_only : bool
        Write the methods text and process nothing.
    write_slurm : Path, optional
        The script of a job array to write, instead of processing anything.
    reports_only : bool
        Make the pages anew from what is in ``output_dir`` and process nothing.
    verbosity : int
        0, 1 or 2 and above.

    """

    bids_dir: Path
    output_dir: Path
    analysis_level: str
    run_id: str
    participant_label: tuple[str, ...] = ()
    session_label: tuple[str, ...] = ()
    bids_filter_file: Path | None = None
    bids_database_dir: Path | None = None
    skip_bids_validation: bool = False
    nprocs: int = 1
    omp_nthreads: int = 1
    mem_gb: float | None = None
    work_dir: Path = Path('work')
    model: Path | None = None
    random_seed: int = RANDOM_SEED
    bias_correction: bool = True
    stop_on_first_crash: bool = False
    clean_workdir: bool = False
    write_graph: bool = False
    resource_monitor: bool = False
    nipype_plugin_file: Path | None = None
    ratings: tuple[Path, ...] = ()
    reading_sheet: bool = False
    boilerplate_only: bool = False
    reports_only: bool = False
    write_slurm: Path | None = None
    verbosity: int = 0

    def to_toml(self, path: Path) -> None:
        """Write the settings; what was not given is left out."""
        write_text(path, dump_settings(self))

    @classmethod
    def from_toml(cls, path: Path) -> 'Settings':
        """Read settings that :meth:`to_toml` wrote.

        Raises
        ------
        PVSError
            If the file cannot be read, or has settings that are unknown, missing or of another
            type.

        """
        values = load_settings(path)
        try:
            return cls(**values)
        except TypeError as error:
            raise PVSError(
                f'{path} does not hold the settings of a run, expected all of them, received: '
                f'{error}'
            ) from error


def load_settings(path: Path) -> dict:
    """Read those settings that a TOML file has.

    Raises
    ------
    PVSError
        If the file cannot be read, or has settings that are unknown or of another type.

    """
    try:
        text = read_text(Path(path), MOST_BYTES)
        if any(line.count('.') > MOST_STOPS for line in text.split('\n')):
            raise ValueError(f'a line with more than {MOST_STOPS} full stops')
        table = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise PVSError(
            f'{path} cannot be read, expected settings in TOML, received: '
            f'{" ".join(str(error).split())}'
        ) from error
    hints = get_type_hints(Settings)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        raise PVSError(
            f'{path} has unknown settings, expected only {", ".join(hints)}, '
            f'received {", ".join(unknown)}'
        )
    try:
        return {name: _convert(value, hints[name]) for name, value in table.items()}
    except (OverflowError, TypeError) as error:
        raise PVSError(
            f'{path} does not hold the settings of a run, expected them with their types, '
            f'received: {error}'
        ) from error


def dump_settings(settings: Settings) -> str:
    """Return the settings as TOML text, in the order of the class.

    Examples
    --------
    >>> settings = Settings(
    ...     bids_dir=Path('in'), output_dir=Path('out'), analysis_level='group', run_id='a'
    ... )
    >>> print(dump_settings(settings).splitlines()[0])
    bids_dir = "in"
    """
    table = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value is not None:
            table[field.name] = _plain(value)
    return tomli_w.dumps(table)


def _plain(value):
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _convert(value, hint):
    """Make a TOML value what the setting's annotation says, or raise TypeError."""
    if get_origin(hint) is tuple:
        (kind, _) = get_args(hint)
        if isinstance(value, list) and all(item and isinstance(item, str) for item in value):
            return tuple(map(kind, value))
        raise TypeError(f'{value!r} instead of a list of texts')
    options = get_args(hint) if type(None) in get_args(hint) else (hint,)
    if Path in options and value and isinstance(value, str):
        return Path(value)
    if float in options and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) in options:
        return value
    raise TypeError(f'{value!r} instead of {getattr(hint, "__name__", hint)}')
