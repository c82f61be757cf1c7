"""Signals that ask the program to end: Ctrl-C, SIGTERM, and a terminal that is closed."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
"""As shells tell of a program that a signal has ended: 128 and its number."""
SENTENCES = {
    signal.SIGHUP: 'stopped, since the terminal was closed',
    signal.SIGINT: 'interrupted',
    signal.SIGTERM: 'terminated',
}
_RESPITE_SECONDS = 2.0


class StoppedError(BaseException):
    """The program was asked to end; like KeyboardInterrupt, nothing catches it by accident."""

    def __init__(self, signum: int = signal.SIGINT):
        super().__init__(signum)
        self.signum = signal.Signals(signum)

    @property
    def exit_code(self) -> int:
        """What the program ends with."""
        return EXIT_CODES[self.signum]


class _Stopper:
    """Raises the error in the main thread, once for several signals that come together."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Forget earlier signals."""
        self._asked = float('-inf')
        self._delayed = False
        self._waiting: int | None = None

    def __call__(self, signum, frame):
        if self._delayed:
            self._waiting = self._waiting or signum
            return
        # Who presses Ctrl-C twice must not disturb what the first has begun to put in order.
        # Should that get lost, in a place where Python ignores errors, a later one is heard.
        now = time.monotonic()
        if now - self._asked >= _RESPITE_SECONDS:
            self._asked = now
            raise StoppedError(signum)

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """Raise the error at the end of the block, not in it."""
        self._delayed = True
        try:
            yield
        finally:
            self._delayed = False
            signum, self._waiting = self._waiting, None
            if signum:
                self(signum, None)


_stopper = _Stopper()
delayed_signals = _stopper.delayed


def watch_signals() -> None:
    """Have the signals raise :class:`StoppedError`; those that are ignored stay so (nohup)."""
    _stopper.reset()
    for signum in EXIT_CODES:
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _stopper)


def ignore_signals() -> None:
    """Let nothing but SIGKILL disturb what is being put in order from here on."""
    for signum in EXIT_CODES:
        signal.signal(signum, signal.SIG_IGN)
