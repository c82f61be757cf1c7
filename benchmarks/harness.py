"""Shared parts of the benchmarks: command line, progress, installed command and record."""

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.files import write_json

ROOT = Path(__file__).parents[1]
APP = str(Path(sys.executable).with_name('pvs_workflow'))
"""Path of the installed command."""
PACKAGES = ('antspyx', 'bids-validator-deno', 'nibabel', 'nipype', 'numpy', 'pandas', 'pybids')
PACKAGES += ('scikit-image', 'scipy', 'tensorflow')

_BEGIN = time.monotonic()


def print_progress(text: str) -> None:
    """Report progress on the standard error stream."""
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)


def command_line(doc: str, out: str | None = None) -> argparse.ArgumentParser:
    """Return a parser with a docstring as help, and ``--out`` if a file name is given."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=doc, formatter_class=raw)
    if out:
        default = Path('docs/validation', out)
        parser.add_argument('--out', type=Path, default=default, help='JSON file to write')
    return parser


def command(name: str, args: argparse.Namespace, *words: str, **instead) -> str:
    """Return the command that repeats a benchmark, with only the names of files and folders.

    ``words`` are the arguments to include, in order: ``'output'`` is positional, ``'--n-cpus'`` an
    option. None and empty values are left out; ``instead`` replaces values of ``args``.

    Examples
    --------
    >>> args = argparse.Namespace(data=Path('/a/b'), n_cpus=2, minutes=5.0, sizes=[1, 2], to=None)
    >>> command('roi', args, 'data', '--n-cpus', '--minutes', '--sizes', '--to')
    'python -m benchmarks.roi b --n-cpus 2 --minutes 5 --sizes 1 2'

    """
    out, given = ['python', '-m', f'benchmarks.{name}'], vars(args) | instead
    for word in words:
        value = given[word.lstrip('-').replace('-', '_')]
        values = value if isinstance(value, list | tuple) else [value]
        if values and value is not None:
            out += [word] if word.startswith('-') else []
            out += [v.name if isinstance(v, Path) else str(v).removesuffix('.0') for v in values]
    return shlex.join(out)


def machine() -> dict:
    """Return the cores and memory of the machine and the version of Python."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    facts = {'cores': os.cpu_count(), 'memory_gb': round(memory)}
    return facts | {'python': platform.python_version()}


def load() -> float:
    """Return the load average of the last minute."""
    return round(os.getloadavg()[0], 1)


def write_record(
    path: Path,
    command: str,
    results: Mapping,
    seed: int | None = None,
    begin: float = _BEGIN,
    show: bool = True,
) -> None:
    """Write results with the command that repeats them, versions and machine.

    ``begin`` is :func:`time.monotonic` at the start, by default that of the process.
    """
    record = {
        'command': command,
        **({} if seed is None else {'seed': seed}),
        'seconds': round(time.monotonic() - begin),
        'versions': {'pvs_workflow': __version__} | {name: version(name) for name in PACKAGES},
        'machine': machine(),
        **results,
    }
    write_json(path, record)
    if show:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    print_progress(str(path))
