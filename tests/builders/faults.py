"""The app in a folder of its own, to be disturbed while it runs."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

DEADLINE = 900
"""Seconds; reached only by what hangs."""


@dataclass(frozen=True)
class Stage:
    """A folder of its own to run the app in, by the same words each time."""

    folder: Path
    command: list[str]

    @property
    def out(self):
        return self.folder / 'out'

    @property
    def work(self):
        return self.folder / 'work'

    def begin(self, *options, out='out', work='work', **popen):
        """Start the app; what it says goes to a file named after the output folder and number."""
        words = [{'out': out, 'work': work}.get(word, word) for word in self.command]
        said = self.folder / f'said-{time.monotonic_ns()}.txt'
        with said.open('w') as stream:
            process = subprocess.Popen(
                [*words, *options],
                cwd=self.folder,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                **popen,
            )
        process.said = said
        return process

    def end(self, process):
        """Wait for the app; return its exit code and what it said."""
        code = process.wait(DEADLINE)
        said = process.said.read_text()
        assert 'Traceback' not in said
        assert 'unexpected' not in said
        assert 'Logging error' not in said
        return code, said

    def run(self, *options, **more):
        """Run the app to its end."""
        return self.end(self.begin(*options, **more))

    def wait_for(self, pattern, process, root=None):
        """Wait until there is such a file, or the app has told of a number of steps."""
        deadline = time.monotonic() + DEADLINE
        while process.poll() is None:
            if isinstance(pattern, int):
                told = process.said.read_text().count(' steps, ')
                if told >= pattern:
                    return
            elif any((root or self.out).glob(pattern)):
                return
            assert time.monotonic() < deadline
            time.sleep(0.005)
        raise AssertionError(f'it ended before: {process.said.read_text()}')
