"""Errors that users can cause or fix, and their exit codes.

Every message is one sentence that says what is wrong and what to do.
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
    """Base class of errors that users can fix; only the message is shown, not a traceback.

    Messages may quote names and values from untrusted files, so :func:`one_line` makes them safe
    to print.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str = ''):
        super().__init__(one_line(message))


class InvalidDatasetError(PVSError):
    """The input folder is not a raw BIDS dataset."""

    exit_code = EXIT_INVALID_BIDS


class NoMatchError(PVSError):
    """The given labels or filters match nothing in the dataset."""

    exit_code = EXIT_NO_MATCH


class NoInputError(PVSError):
    """The dataset, or the selected part of it, has no T2w image."""

    exit_code = EXIT_NO_INPUT


class ImageError(PVSError):
    """An image cannot be used, because it is unreadable, empty or of the wrong shape."""


class BundleError(PVSError):
    """A cascade bundle is missing, incomplete, altered or not supported."""


class OutputError(PVSError):
    """A result cannot be written to the requested location."""


class ResourceError(PVSError):
    """A step needs more memory than the run has."""


class RegistrationError(PVSError):
    """Images could not be aligned, or do not show the basal ganglia."""


def one_line(text: str) -> str:
    r"""Return a message as one printable line of limited length.

    Line breaks and tabs become spaces. Other unprintable characters, such as terminal control
    characters and bytes of file names that are not UTF-8, are escaped.

    Examples
    --------
    >>> one_line('sub-a\nb\x1b[2J')
    'sub-a b\\x1b[2J'
    >>> len(one_line('a' * 10_000))
    1200

    """
    text = re.sub(r'\s+', ' ', str(text)).strip()
    if not text.isprintable():
        text = ''.join(c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)
    if len(text) <= MAX_MESSAGE:
        return text
    start = MAX_MESSAGE * 2 // 3
    return f'{text[:start]} … {text[start - MAX_MESSAGE + 3 :]}'
