"""Run the app on the corpus of tests/hostile, and measure the cost of the worst inputs.

Each input is given to the part of the app that reads it, one after the other in one process. It is
handled as documented if it ends in one clear sentence and the documented exit code, or is used
where it only looks bad. It must not harm other participants, nor take 4 GB or 60 s of CPU time.
"""

from benchmarks.harness import command, command_line, load, say, write_record
from tests.hostile.corpus import all_cases
from tests.hostile.runner import ROOMS, Verdict, judge, run_all


def summarise(outcomes: list[tuple[str, str, Verdict, list[str]]]) -> dict:
    """Return how many inputs were handled as documented, and the cost of the worst of them.

    Each of ``outcomes`` is the part of the app, title, verdict and problems of one input.
    """
    worst = max(outcomes, key=lambda one: one[2].memory)
    longest = max(outcomes, key=lambda one: one[2].cpu)
    return {
        'inputs': len(outcomes),
        'handled': sum(not problems for *_, problems in outcomes),
        'most_memory_gb': round(worst[2].memory / 1e9, 2),
        'most_memory_of': worst[1],
        'longest_cpu_s': longest[2].cpu,
        'longest_of': longest[1],
    }


def main() -> None:
    """Run the corpus, and write the record."""
    parser = command_line(__doc__, 'hostile.json')
    parser.add_argument('rooms', nargs='*', metavar='PART', help=', '.join(ROOMS))
    args = parser.parse_args()
    if unknown := sorted(set(args.rooms) - set(ROOMS)):
        parser.error(f'no such part: {", ".join(unknown)}; choose from {", ".join(ROOMS)}')
    # Cases change the working folder.
    args.out, before, outcomes = args.out.absolute(), load(), []
    cases = [case for case in all_cases() if not args.rooms or case.room in args.rooms]
    for case, verdict in run_all(cases):
        problems = judge(case, verdict)
        outcomes.append((case.room, case.title, verdict, problems))
        if problems:
            say(f'{case.title}: {"; ".join(problems)}')
    parts = dict.fromkeys(part for part, *_ in outcomes)
    content = {
        'load_before': before,
        **summarise(outcomes),
        'not_handled': [
            f'{title}: {"; ".join(problems)}' for _, title, _, problems in outcomes if problems
        ],
        'rooms': {part: summarise([one for one in outcomes if one[0] == part]) for part in parts},
    }
    write_record(args.out, command('hostile', args, 'rooms'), content)


if __name__ == '__main__':
    main()
