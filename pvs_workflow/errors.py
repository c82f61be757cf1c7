"""The errors that a user can cause, and the exit codes they end in.

Every message is one sentence: what was wrong, what was expected, what was received.
"""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INVALID_BIDS = 16
EXIT_NO_MATCH = 18
EXIT_NO_INPUT = 66


class PVSError(Exception):
    """Something the user can mend; its message is shown as it is, without a traceback."""

    exit_code = EXIT_FAILED


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
