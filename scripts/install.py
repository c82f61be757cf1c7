"""Install packages with pip into the running interpreter, and show how far it is.

Usage: python scripts/install.py ARGUMENT ...

The arguments are those of ``pip install``. All that pip prints goes to ``install.log`` in the
environment's folder; a failure also shows the end of it.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

STEP = 25
"""Number of packages between two lines of progress."""
MIN_MEGABYTES = 50.0
"""Smallest download that gets a line."""
FILE = re.compile(
    r'\s+(?:Downloading|Using cached) (?:\S*/)?([^-/\s]+)-([^-]+)-\S+ \(([\d.]+) MB\)'
)


def main(arguments: list[str]) -> int:
    """Run pip, show its progress and return its exit code."""
    path, begin = Path(sys.prefix, 'install.log'), time.monotonic()
    print(f'installing into {sys.prefix}, a few minutes the first time', flush=True)
    command = [sys.executable, '-m', 'pip', 'install', '--progress-bar', 'off', *arguments]
    with (
        path.open('w', encoding='utf-8') as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in progress(copy(process.stdout, log)):
            print(f'  {line}', flush=True)
    if process.returncode:
        end = path.read_text(encoding='utf-8').splitlines()[-15:]
        print('\n'.join(end), f'the installation failed; all of it is in {path}', sep='\n')
    else:
        print(f'installed in {time.monotonic() - begin:.0f} s', flush=True)
    return process.returncode


def copy(lines: Iterable[str], log) -> Iterator[str]:
    """Write lines to a file, and yield them."""
    for line in lines:
        log.write(line)
        yield line


def progress(lines: Iterable[str]) -> Iterator[str]:
    """Yield a short summary of pip's output: large downloads and numbers of packages.

    >>> pip = ['Collecting scipy<2', '  Downloading scipy-1.15.3-cp313.whl (37.3 MB)']
    >>> pip += ['  Using cached tensorflow-2.21.0-cp313.whl (572.9 MB)']
    >>> list(progress([*pip, 'Installing collected packages: scipy, tensorflow']))
    ['tensorflow 2.21.0 (573 MB)', 'unpacking 2 packages']

    """
    number = 0
    for line in lines:
        file = re.match(
            r'\s+(?:Downloading|Using cached) (?:\S*/)?([^-/\s]+)-([^-]+)-\S+ \(([\d.]+) MB\)',
            line,
        )
        if file and float(file[3]) >= MIN_MEGABYTES:
            yield f'{file[1]} {file[2]} ({float(file[3]):.0f} MB)'
        elif line.startswith('Collecting '):
            number += 1
            if number % STEP == 0:
                yield f'{number} packages found'
        elif line.startswith('Installing collected packages: '):
            yield f'unpacking {line.count(",") + 1} packages'


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
