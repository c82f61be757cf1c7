"""All bad inputs; ``python -m tests.hostile.corpus FOLDER`` writes them out to be looked at."""

import sys
from pathlib import Path

from tests.hostile import bundles, datasets, images, options, tables
from tests.hostile.case import Case

PREPARED = {
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
"""What is laid out for each room, before a case spoils it."""


def all_cases() -> list[Case]:
    """Return every bad input, in a fixed order."""
    parts = (images, datasets, bundles, tables, options)
    return [case for part in parts for case in part.cases()]


def write(case: Case, folder: Path) -> tuple[Path, object]:
    """Write a case into an empty folder; return what its room gets."""
    base = PREPARED[case.room](folder)
    return base, case.make(base)


if __name__ == '__main__':
    for number, case in enumerate(all_cases()):
        place = Path(sys.argv[1], f'{number:03d}')
        place.mkdir(parents=True)
        write(case, place)
        print(place.name, case.title, sep='\t')
