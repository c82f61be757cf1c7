"""What became of a bad input, and whether that is as promised."""

from dataclasses import dataclass

from tests.hostile.case import LEAST_MEMORY, USED, Case

LONGEST = 2000
"""Characters that one sentence may have."""


@dataclass(frozen=True)
class Verdict:
    """What became of one input.

    Attributes
    ----------
    code : int
        As the command would end.
    said : tuple of str
        What the user would see as errors.
    crash : str
        Of an error that is not one of ours.
    harmed : str
        What happened to others; empty where nothing did.
    seconds : float
        On the clock.
    cpu : float
        Seconds of a processor.
    memory : int
        Bytes, at most, above what was taken before.

    """

    code: int = 0
    said: tuple[str, ...] = ()
    crash: str = ''
    harmed: str = ''
    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0


def judge(case: Case, verdict: Verdict) -> list[str]:
    """Return what is wrong with what became of an input; nothing where it is as promised."""
    wrong = []
    if verdict.crash:
        wrong.append(f'it ended in {verdict.crash}')
    if verdict.harmed:
        wrong.append(verdict.harmed)
    if verdict.code != (0 if case.says == USED else case.code):
        wrong.append(f'exit code {verdict.code}')
    about = [line for line in verdict.said if case.says in line]
    if case.says != USED and len(about) != 1:
        wrong.append(f'{len(about)} sentences with {case.says!r}')
    for line in verdict.said:
        if len(line) > LONGEST or not line.isprintable():
            wrong.append(f'no clear sentence: {line[:200]!r} of {len(line)} characters')
        if 'Traceback' in line and 'line break' not in case.name:
            wrong.append('a traceback')
    if verdict.memory > LEAST_MEMORY:
        wrong.append(f'{verdict.memory / 1e9:.1f} GB of memory')
    return wrong
