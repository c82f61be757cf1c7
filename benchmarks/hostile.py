"""The corpus of tests/hostile given to the app, and what the worst of it costs.

Each input is given to the part of the app that reads it, one after the other in one process. It is
handled as promised if it ends in one clear sentence and the promised exit code (or is used, where
it only looks bad), harms nobody else, and takes under 4 GB and 60 seconds of a processor.
"""

from benchmarks.harness import command, command_line, load, say, write_record
from tests.hostile.corpus import all_cases
from tests.hostile.runner import ROOMS, Verdict, judge, run_all


def summarise(found: list[tuple[str, str, Verdict, list[str]]]) -> dict:
    """Return how many inputs were handled as promised, and what the worst of them took.

    Of each input: room, title, what became of it, and what is wrong with that.
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
    parser = command_line(__doc__, 'hostile.json')
    parser.add_argument('rooms', nargs='*', metavar='ROOM', help=', '.join(ROOMS))
    args = parser.parse_args()
    if unknown := sorted(set(args.rooms) - set(ROOMS)):
        parser.error(f'no such room: {", ".join(unknown)}; choose from {", ".join(ROOMS)}')
    # Cases change the working folder.
    args.out, before, found = args.out.absolute(), load(), []
    cases = [case for case in all_cases() if not args.rooms or case.room in args.rooms]
    for case, verdict in run_all(cases):
        wrong = judge(case, verdict)
        found.append((case.room, case.title, verdict, wrong))
        if wrong:
            say(f'{case.title}: {"; ".join(wrong)}')
    rooms = dict.fromkeys(room for room, *_ in found)
    content = {
        'load_before': before,
        **summarise(found),
        'not_handled': [f'{title}: {"; ".join(wrong)}' for _, title, _, wrong in found if wrong],
        'rooms': {room: summarise([one for one in found if one[0] == room]) for room in rooms},
    }
    write_record(args.out, command('hostile', args, 'rooms'), content)


if __name__ == '__main__':
    main()
