"""The outcome of a bad input, and its check."""

from dataclasses import dataclass

from tests.hostile.case import MAX_MEMORY, NO_ERROR, Case

MAX_MESSAGE = 2000
"""Maximum length of an error message, characters."""


@dataclass(frozen=True)
class Verdict:
    """Outcome of one input.

    Attributes
    ----------
    code : int
        Exit code of the command.
    messages : tuple of str
        Error messages that the user would see.
    crash : str
        Unexpected error; empty if there was none.
    harm : str
        Effect on other inputs or files; empty if there was none.
    seconds : float
        Elapsed time.
    cpu : float
        CPU time, seconds.
    memory : int
        Peak memory above that before the input, bytes.

    """

    code: int = 0
    messages: tuple[str, ...] = ()
    crash: str = ''
    harm: str = ''
    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0


def find_problems(case: Case, verdict: Verdict) -> list[str]:
    """Return the differences between an outcome and that of its case; empty if it is handled."""
    problems = []
    if verdict.crash:
        problems.append(f'crash: {verdict.crash}')
    if verdict.harm:
        problems.append(verdict.harm)
    if verdict.code != (0 if case.message == NO_ERROR else case.code):
        problems.append(f'exit code {verdict.code}')
    matches = [line for line in verdict.messages if case.message in line]
    if case.message != NO_ERROR and len(matches) != 1:
        problems.append(f'{len(matches)} messages with {case.message!r}')
    for line in verdict.messages:
        if len(line) > MAX_MESSAGE or not line.isprintable():
            problems.append(f'unclear message: {line[:200]!r} of {len(line)} characters')
        if 'Traceback' in line and 'line break' not in case.name:
            problems.append('a traceback')
    if verdict.memory > MAX_MEMORY:
        problems.append(f'{verdict.memory / 1e9:.1f} GB of memory')
    return problems
