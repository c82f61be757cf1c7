"""All bad inputs; ``python -m tests.hostile.corpus FOLDER`` writes them for inspection."""

import sys
from pathlib import Path

from tests.hostile import bundles, datasets, images, options, tables
from tests.hostile.case import Case

BASE_FILES = {
    'image': lambda folder: folder,
    'dataset': datasets.prepare,
    'bundle': bundles.prepare,
    'group': tables.prepare,
    'result': tables.prepare,
    'ratings': tables.prepare,
    'page': tables.prepare,
    'settings': tables.prepare,
    'config': options.prepare,
    'plugin': options.prepare,
    'script': options.prepare,
}
"""Functions that write the valid files which the cases of each reader change."""


def all_cases() -> list[Case]:
    """Return every bad input, in a fixed order."""
    modules = (images, datasets, bundles, tables, options)
    return [case for module in modules for case in module.cases()]


def write(case: Case, folder: Path) -> tuple[Path, object]:
    """Write a case to an empty folder; return the arguments of its reader."""
    base = BASE_FILES[case.reader](folder)
    return base, case.make(base)


if __name__ == '__main__':
    for number, case in enumerate(all_cases()):
        folder = Path(sys.argv[1], f'{number:03d}')
        folder.mkdir(parents=True)
        write(case, folder)
        print(folder.name, case.title, sep='\t')
