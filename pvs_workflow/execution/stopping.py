"""Handle the signals that stop the program: SIGINT (Ctrl-C), SIGTERM and SIGHUP."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
"""Exit codes by signal: 128 plus the signal number, the convention of shells."""
MESSAGES = {
    signal.SIGHUP: 'stopped because the terminal was closed',
    signal.SIGINT: 'interrupted',
    signal.SIGTERM: 'terminated',
}
_REPEAT_SECONDS = 2.0
"""Time during which repeated signals are ignored."""


class StoppedError(BaseException):
    """A signal stopped the program; ``except Exception`` does not catch it."""

    def __init__(self, signum: int = signal.SIGINT):
        super().__init__(signum)
        self.signum = signal.Signals(signum)

    @property
    def exit_code(self) -> int:
        """Exit code of the program."""
        return EXIT_CODES[self.signum]


class _Stopper:
    """Signal handler that raises StoppedError, once for several signals in a short time."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Forget earlier signals."""
        self._raised_at = float('-inf')
        self._delayed = False
        self._pending: int | None = None

    def __call__(self, signum, frame):
        if self._delayed:
            self._pending = self._pending or signum
            return
        # A second Ctrl-C must not interrupt the cleanup that the first one started. If the first
        # error is lost where Python ignores errors, a later signal raises it again.
        now = time.monotonic()
        if now - self._raised_at >= _REPEAT_SECONDS:
            self._raised_at = now
            raise StoppedError(signum)

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """Delay the error until the end of the block."""
        self._delayed = True
        try:
            yield
        finally:
            self._delayed = False
            signum, self._pending = self._pending, None
            if signum:
                self(signum, None)


_stopper = _Stopper()
delayed_signals = _stopper.delayed


def watch_signals() -> None:
    """Make the signals raise :class:`StoppedError`; ignored signals stay ignored (nohup)."""
    _stopper.reset()
    for signum in EXIT_CODES:
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _stopper)


def ignore_signals() -> None:
    """Ignore further signals, so that they do not interrupt the cleanup."""
    for signum in EXIT_CODES:
        signal.signal(signum, signal.SIG_IGN)
