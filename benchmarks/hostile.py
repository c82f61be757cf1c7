"""What becomes of bad inputs: the whole corpus of tests/hostile, and what the worst of it costs.

Usage: PYTHONPATH=. python benchmarks/hostile.py [ROOM ...] [--out FILE]

Each input is given to the part of the app that reads it, one after the other in one process. It is
handled as promised if it ends in one clear sentence and the promised exit code (or is used, where
it only looks bad), harms nobody else, and takes under 4 GB and 60 seconds of a processor.
"""

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from resources import machine

from pvs_workflow import __version__
from tests.hostile.corpus import all_cases
from tests.hostile.runner import ROOMS, Verdict, judge, run_all

PACKAGES = ('nibabel', 'numpy', 'pandas', 'pybids', 'pyyaml', 'keras')


def summarise(found: list[tuple[str, str, Verdict, list[str]]]) -> dict:
    """Return how many inputs were handled as promised, and what the worst of them took.

    Parameters
    ----------
    found : list of (str, str, Verdict, list of str)
        Room, title, what became of it, and what is wrong with that.

    """
    worst = max(found, key=lambda one: one[2].memory)
    longest = max(found, key=lambda one: one[2].cpu)
    return {
        'inputs': len(found),
        'handled': sum(not wrong for *_, wrong in found),
        'most_memory_gb': round(worst[2].memory / 1e9, 2),
        'most_memory_of': worst[1],
        'longest_cpu_s': longest[2].cpu,
        'longest_of': longest[1],
    }


def main() -> None:
    """Run the corpus, and write down what became of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('rooms', nargs='*', metavar='ROOM', help=', '.join(ROOMS))
    parser.add_argument('--out', type=Path, default=Path('docs/validation/hostile.json'))
    args = parser.parse_args()
    if unknown := sorted(set(args.rooms) - set(ROOMS)):
        parser.error(f'expected rooms of {", ".join(ROOMS)}, received {", ".join(unknown)}')
    out = args.out.absolute()
    load = os.getloadavg()[0]
    cases = [case for case in all_cases() if not args.rooms or case.room in args.rooms]
    found = []
    for case, verdict in run_all(cases):
        wrong = judge(case, verdict)
        found.append((case.room, case.title, verdict, wrong))
        if wrong:
            print(f'{case.title}: {"; ".join(wrong)}', flush=True)
    rooms = dict.fromkeys(room for room, *_ in found)
    record = {
        'command': ' '.join(['PYTHONPATH=. python benchmarks/hostile.py', *args.rooms]),
        'load_before': round(load, 1),
        **summarise(found),
        'not_handled': [f'{title}: {"; ".join(wrong)}' for _, title, _, wrong in found if wrong],
        'rooms': {room: summarise([one for one in found if one[0] == room]) for room in rooms},
        'version': __version__,
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        'machine': machine(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
    print(f'{record["handled"]} of {record["inputs"]} bad inputs handled as promised')


if __name__ == '__main__':
    main()
