"""Define the settings of a run, and convert them to and from TOML."""

import math
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import tomli_w

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_text, write_text

RANDOM_SEED = 20240712
"""Default seed: the publication date of the paper."""
MAX_SEED = 2**31 - 1
"""Maximum seed: ITK uses signed 32-bit integers."""
MAX_DEFAULT_THREADS = 8
"""Maximum default number of threads per process."""
_LABEL = re.compile('[0-9A-Za-z+]+')


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run; ``None`` means not given.

    ``pvs_workflow --help`` describes the option of the same name for each setting.

    Raises
    ------
    PVSError
        If a value is out of its range.

    """

    bids_dir: Path
    output_dir: Path
    analysis_level: str
    run_id: str  # names the run's files in ``logs``
    participant_label: tuple[str, ...] = ()  # without ``sub-``; empty for all
    session_label: tuple[str, ...] = ()  # without ``ses-``; empty for all
    bids_filter_file: Path | None = None
    bids_database_dir: Path | None = None
    skip_bids_validation: bool = False
    nprocs: int = 1
    omp_nthreads: int | None = None  # see ``threads``
    mem_gb: float | None = None  # GB, 10⁹ bytes
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

    def __post_init__(self):
        """Check the ranges of numbers, and the labels, which become parts of paths."""
        threads, memory = self.omp_nthreads, self.mem_gb
        for name, is_valid, requirement in (
            ('nprocs', self.nprocs >= 1, 'a whole number above 0'),
            ('omp_nthreads', threads is None or threads >= 1, 'a whole number above 0'),
            ('mem_gb', memory is None or 0 < memory < math.inf, 'a number above 0'),
            ('random_seed', 0 <= self.random_seed <= MAX_SEED, f'from 0 to {MAX_SEED}'),
            (
                'participant_label',
                _are_labels(self.participant_label),
                'made of letters and digits',
            ),
            ('session_label', _are_labels(self.session_label), 'made of letters and digits'),
        ):
            if not is_valid:
                raise PVSError(f'{name} must be {requirement}, received {getattr(self, name)!r}')

    @property
    def logs(self) -> Path:
        """Folder of the log and settings of the run, and of the locks of the output folder."""
        return self.output_dir / 'logs'

    @property
    def threads(self) -> int:
        """Threads per process; the default is the number of processes, at most 8."""
        return self.omp_nthreads or min(self.nprocs, MAX_DEFAULT_THREADS)

    def to_toml(self, path: Path) -> None:
        """Write the settings as TOML, without those that are ``None``."""
        write_text(path, dump_settings(self))


def load_settings(path: Path) -> dict:
    """Read settings from a TOML file, which need not contain all of them.

    Raises
    ------
    PVSError
        If the file cannot be read, or has unknown settings or values of the wrong type.

    """
    hints = get_type_hints(Settings)
    try:
        table = tomllib.loads(read_text(Path(path)))
        if unknown := table.keys() - hints.keys():
            raise ValueError(f'unknown settings {", ".join(sorted(unknown))}')
        return {name: _convert(value, hints[name]) for name, value in table.items()}
    except (OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise PVSError(f'{path} cannot be read as a settings file: {error}') from error


def dump_settings(settings: Settings) -> str:
    """Return the settings as TOML text, in the order of the fields.

    Examples
    --------
    >>> settings = Settings(
    ...     bids_dir=Path('in'), output_dir=Path('out'), analysis_level='group', run_id='a'
    ... )
    >>> print(dump_settings(settings).splitlines()[0])
    bids_dir = "in"
    """
    table = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return tomli_w.dumps({name: _plain(v) for name, v in table.items() if v is not None})


def _are_labels(labels: tuple[str, ...]) -> bool:
    return all(_LABEL.fullmatch(label) for label in labels)


def _plain(value):
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _convert(value, hint):
    """Convert a TOML value to the annotated type of a setting, or raise TypeError."""
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_convert(item, get_args(hint)[0]) for item in value)
    options = get_args(hint) or (hint,)
    if type(value) in options:
        return value
    for kind, source in ((Path, str), (float, int)):
        if kind in options and type(value) is source:
            return kind(value)
    raise TypeError(f'{value!r} is not of type {getattr(hint, "__name__", hint)}')
