"""The app in a separate folder, for tests that interrupt it."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

DEADLINE = 900
"""Maximum duration of a run, seconds; only a hanging run exceeds it."""


@dataclass(frozen=True)
class Stage:
    """A separate folder in which the same command is run several times."""

    folder: Path
    command: list[str]

    @property
    def out(self):
        return self.folder / 'out'

    @property
    def work(self):
        return self.folder / 'work'

    def begin(self, *options, out='out', work='work', **popen):
        """Start the app, with its output in a numbered file."""
        words = [{'out': out, 'work': work}.get(word, word) for word in self.command]
        output = self.folder / f'output-{time.monotonic_ns()}.txt'
        with output.open('w') as stream:
            process = subprocess.Popen(
                [*words, *options],
                cwd=self.folder,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                **popen,
            )
        process.output = output
        return process

    def end(self, process):
        """Wait for the app; return its exit code and its output."""
        code = process.wait(DEADLINE)
        output = process.output.read_text()
        assert 'Traceback' not in output
        assert 'unexpected' not in output
        assert 'Logging error' not in output
        return code, output

    def run(self, *options, **more):
        """Run the app to its end."""
        return self.end(self.begin(*options, **more))

    def wait_for(self, pattern, process, root=None):
        """Wait until a file matches the pattern, or the app has reported that many steps."""
        deadline = time.monotonic() + DEADLINE
        while process.poll() is None:
            if isinstance(pattern, int):
                reports = process.output.read_text().count(' steps, ')
                if reports >= pattern:
                    return
            elif any((root or self.out).glob(pattern)):
                return
            assert time.monotonic() < deadline
            time.sleep(0.005)
        raise AssertionError(f'it ended before: {process.output.read_text()}')
