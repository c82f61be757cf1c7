"""Run the app on the corpus of tests/hostile, and measure the cost of the worst inputs.

Each input is given to the part of the app that reads it, one after the other in one process. It is
handled as documented if it ends in one clear sentence and the documented exit code, or is used
where it only looks bad. It must not harm other participants, nor take 4 GB or 60 s of CPU time.
"""

from benchmarks.harness import command, command_line, load, print_progress, write_record
from tests.hostile.corpus import all_cases
from tests.hostile.runner import READERS, Verdict, find_problems, run_all


def summarise(outcomes: list[tuple[str, str, Verdict, list[str]]]) -> dict:
    """Return how many inputs were handled as documented, and the cost of the worst of them.

    Each of ``outcomes`` is the reader, title, verdict and problems of one input.
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
    parser.add_argument('rooms', nargs='*', metavar='READER', help=', '.join(READERS))
    args = parser.parse_args()
    if unknown := sorted(set(args.rooms) - set(READERS)):
        parser.error(f'unknown reader: {", ".join(unknown)}; choose from {", ".join(READERS)}')
    # Cases change the working folder.
    args.out, before, outcomes = args.out.absolute(), load(), []
    cases = [case for case in all_cases() if not args.rooms or case.reader in args.rooms]
    for case, verdict in run_all(cases):
        problems = find_problems(case, verdict)
        outcomes.append((case.reader, case.title, verdict, problems))
        if problems:
            print_progress(f'{case.title}: {"; ".join(problems)}')
    readers = dict.fromkeys(name for name, *_ in outcomes)
    content = {
        'load_before': before,
        **summarise(outcomes),
        'not_handled': [
            f'{title}: {"; ".join(problems)}' for _, title, _, problems in outcomes if problems
        ],
        'rooms': {
            name: summarise([one for one in outcomes if one[0] == name]) for name in readers
        },
    }
    write_record(args.out, command('hostile', args, 'rooms'), content)


if __name__ == '__main__':
    main()
