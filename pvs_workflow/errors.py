"""The errors that a user can cause, and the exit codes they end in.

Every message is one sentence: what was wrong, what was expected, what was received.
"""

import re

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INVALID_BIDS = 16
EXIT_NO_MATCH = 18
EXIT_NO_INPUT = 66

MAX_MESSAGE = 1200
"""Maximum length of a message, characters; the middle of a longer one is left out."""


class PVSError(Exception):
    """Something the user can mend; its message is shown as it is, without a traceback.

    Messages quote names and values of files that anyone may have written: :func:`one_line`
    keeps them from looking like something else.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str = ''):
        super().__init__(one_line(message))


class InvalidDatasetError(PVSError):
    """The input folder is not a valid BIDS dataset."""

    exit_code = EXIT_INVALID_BIDS


class NoMatchError(PVSError):
    """The labels or filters that were given match nothing in the dataset."""

    exit_code = EXIT_NO_MATCH


class NoInputError(PVSError):
    """The dataset, or what was selected of it, has no T2w image."""

    exit_code = EXIT_NO_INPUT


class ImageError(PVSError):
    """An image cannot be used: unreadable, of the wrong shape, or without content."""


class BundleError(PVSError):
    """A cascade bundle is missing, incomplete, altered or of another kind."""


class OutputError(PVSError):
    """A result cannot be written where it was asked for."""


class ResourceError(PVSError):
    """A step needs more than the run was given."""


class RegistrationError(PVSError):
    """Images could not be aligned, or do not show the basal ganglia."""


def one_line(text: str) -> str:
    r"""Return a message as one line that can be printed anywhere and is not endless.

    Line breaks and tabs become blanks. What else cannot be printed (control characters that steer
    a terminal, bytes of a file name that are no UTF-8) is written as an escape.

    Examples
    --------
    >>> one_line('sub-a\nb\x1b[2J')
    'sub-a b\\x1b[2J'
    >>> len(one_line('a' * 10_000))
    1200

    """
    text = re.sub(r'\s+', ' ', str(text)).strip()
    if not text.isprintable():
        signs = (s if s.isprintable() else s.encode('unicode_escape').decode() for s in text)
        text = ''.join(signs)
    if len(text) <= MAX_MESSAGE:
        return text
    start = MAX_MESSAGE * 2 // 3
    return f'{text[:start]} … {text[start - MAX_MESSAGE + 3 :]}'
