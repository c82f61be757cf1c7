"""Bad option files: settings of earlier runs, nipype plugin files, job array scripts."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.builders.datasets import make_dataset
from tests.hostile.case import NO_ERROR, Case

BINARY = bytes(range(256)) * 40


def prepare(folder: Path) -> Path:
    """Make a dataset of one participant; return the output folder next to it."""
    make_dataset(folder / 'bids', ['sub-good_T2w.nii.gz'])
    (folder / 'out').mkdir()
    return folder / 'out'


def cases() -> Iterator[Case]:
    """Yield all bad option files."""
    for name, change, message, code in _configs():
        yield Case('config', name, change, message, code)
    for name, change, message, code in _plugins():
        yield Case('plugin', name, change, message, code)
    for name, change, message, code in _scripts():
        yield Case('script', name, change, message, code)


def _file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    """Return a function that writes a file to the output folder."""

    def make(out: Path) -> Path:
        path = out / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def _special_files(name: str) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Yield special files and missing files in place of a regular file."""

    def special(kind: Callable[[Path], object]):
        def make(out: Path) -> Path:
            kind(out / name)
            return out / name

        return make

    yield 'a pipe', special(os.mkfifo)
    yield 'a folder', special(Path.mkdir)
    yield 'an endless device', special(lambda path: path.symlink_to('/dev/zero'))
    yield 'a link to itself', special(lambda path: path.symlink_to(path.name))
    yield 'nothing', special(lambda path: None)


def _configs():
    name = 'earlier.toml'
    for detail, content in {
        'of all bytes': BINARY,
        'of half a character of UTF-16': 'nprocs = 2\n'.encode('utf-16')[:-1],
        'truncated': 'nprocs = 2\nmodel = "a',
        'of 100,000 brackets': 'nprocs = ' + '[' * 100_000,
        'of 100 MB': 'nprocs = 2\n# ' + 'x' * 10**8,
        'of another program': '[tool.ruff]\nline-length = 99\n',
        'with a setting twice': 'nprocs = 2\nnprocs = 3\n',
        'with a list for a number': 'nprocs = [2]\n',
        'with a boolean for a number': 'random_seed = true\n',
        'with 400 digits for memory': f'mem_gb = 1{"0" * 400}\n',
        'with 5,000 digits': f'nprocs = 1{"0" * 5000}\n',
        'with a lone surrogate': 'model = "\\ud800"\n',
        'with a date for a path': 'model = 2024-07-12\n',
    }.items():
        yield f'settings {detail}', _file(name, content), 'earlier.toml', 2
    for detail, content, message in (
        ('with an empty label', 'participant_label = [""]\n', 'participant_label'),
        ('with help for a label', 'participant_label = ["--help"]\n', 'participant_label'),
        ('with an option for a label', 'session_label = ["1", "--clean-workdir"]\n', 'session'),
        ('with a path for a label', 'participant_label = ["../../x"]\n', 'participant_label'),
        ('with a label of 1 MB', f'participant_label = ["-{"a" * 10**6}"]\n', 'participant'),
        ('with a negative number of processes', 'nprocs = -5\n', 'nprocs'),
        ('with 0 threads', 'omp_nthreads = 0\n', 'omp_nthreads'),
        ('with infinite memory', 'mem_gb = inf\n', 'mem_gb'),
        ('with memory that is not a number', 'mem_gb = nan\n', 'mem_gb'),
        ('with negative memory', 'mem_gb = -1.0\n', 'mem_gb'),
        ('with a large seed', f'random_seed = 1{"0" * 400}\n', 'random_seed'),
        ('with the work folder in the dataset', 'work_dir = "{bids}/work"\n', 'inside bids_dir'),
        ('with the group level’s options', 'reading_sheet = true\n', 'group level'),
    ):
        yield f'settings {detail}', _dataset_file(name, content), message, 2
    for detail, content in {
        'of no bytes': '',
        'with the version for a model': 'model = "--version"\n',
        'with a verbosity of a billion': 'verbosity = 1000000000\n',
        'with a negative verbosity': 'verbosity = -1000000000\n',
        'of another dataset': 'bids_dir = "/etc"\noutput_dir = "/etc"\n',
        'with Windows line ends': 'nprocs = 2\r\nwork_dir = "w"\r\n',
    }.items():
        yield f'settings {detail}', _file(name, content), NO_ERROR, 0
    for detail, make in _special_files(name):
        yield f'{detail} as settings', make, 'earlier.toml', 2


def _dataset_file(name: str, content: str) -> Callable[[Path], Path]:
    """Return a function that writes a file with the path of the dataset in it."""
    return lambda out: _file(name, content.replace('{bids}', str(out.parent / 'bids')))(out)


def _plugins():
    name = 'plugin.yml'
    for detail, content in {
        'of no bytes': '',
        'of all bytes': BINARY,
        'that is not UTF-8': b'plugin: \xff\n',
        'of 100 MB': 'plugin: SLURM\n# ' + 'x' * 10**8,
        'with an object of Python': 'plugin: !!python/object/apply:os.system ["touch hacked"]\n',
        'with a module of Python': 'plugin: !!python/name:os.system\n',
        'with a constructor in arguments': 'plugin: SLURM\nplugin_args: !!python/object/new:os {}',
        'with an invalid date': 'plugin: SLURM\nplugin_args: {a: 2024-99-99}\n',
        'with 5,000 digits': f'plugin: SLURM\nplugin_args: {{a: {"1" * 5000}}}\n',
        'with two documents': 'plugin: SLURM\n---\nplugin: PBS\n',
        'that is a list': '- SLURM\n',
    }.items():
        yield f'a file {detail}', _file(name, content), 'plugin.yml', 1
    for detail, content in {
        'that does not wait': 'plugin: SGEGraph\n',
        'that runs in one process': 'plugin: Debug\n',
        'that is a base class': 'plugin: DistributedPluginBase\n',
        'that nipype does not have': 'plugin: "__class__"\n',
        'with a line break in its name': 'plugin: "a\\nb"\n',
        'with a name of 8,000 letters': f'plugin: {"a" * 8_000}\n',
    }.items():
        yield f'a plugin {detail}', _file(name, content), 'is not supported', 1
    for detail, make in _special_files(name):
        yield f'{detail} as plugin file', make, 'plugin.yml', 1


def _scripts():
    """Yield paths of scripts, and the folders that the scripts name."""

    def script_at(name: str, change: Callable[[Path], object] | None = None, **folders: str):
        def make(out: Path) -> dict[str, Path]:
            script = out / name
            if change is not None:
                change(script)
            return {'write_slurm': script} | {key: out / folder for key, folder in folders.items()}

        return make

    for detail, folder in {
        'with a dollar sign': 'o$(touch hacked)',
        'with a semicolon': 'o;touch hacked;',
        'with a quote': "o'; touch hacked; '",
        'with back quotes': 'o`touch hacked`',
        'with a placeholder of the script': 'o@command@',
        'with a percent sign': 'o%j',
        'with a space at its end': 'o ',
        'with Greek letters': 'αβγ',
    }.items():
        yield f'output {detail}', script_at('jobs.sh', output_dir=folder), NO_ERROR, 0
        yield f'work {detail}', script_at('jobs.sh', work_dir=folder), NO_ERROR, 0
    yield 'work with a line break', script_at('jobs.sh', work_dir='o\ntouch hacked\n'), NO_ERROR, 0
    for detail, folder in {
        'with a line break': 'o\n#SBATCH --wrap=hacked',
        'with a double quote': 'o"x',
        'with a backslash': 'o\\x',
        'with a colour code of terminals': 'o\x1b[31m',
    }.items():
        yield (
            f'output {detail}',
            script_at('jobs.sh', output_dir=folder),
            'is not a valid path for Slurm logs',
            1,
        )
    for detail, name in {
        'with a space': 'a b.sh',
        'with a line break': 'a\ntouch hacked\n.sh',
        'with a percent sign': 'a%j.sh',
        'with a dollar sign': '$(touch hacked).sh',
    }.items():
        yield f'a script {detail}', script_at(name), 'is not a valid script name', 1
    yield 'a script of two full stops', script_at('..'), 'already exists', 1
    exists = 'already exists'
    for detail, kind in {
        'a folder': Path.mkdir,
        'a pipe': os.mkfifo,
        'a file': Path.touch,
        'a link to nothing': lambda path: path.symlink_to('/nowhere/at/all'),
        'a link to itself': lambda path: path.symlink_to(path.name),
        'a device': lambda path: path.symlink_to('/dev/null'),
    }.items():
        yield f'{detail} at the path of the script', script_at('jobs.sh', kind), exists, 1

        def make_list(script: Path, kind=kind) -> None:
            kind(script.with_name('jobs_participants.txt'))

        yield f'{detail} at the path of the list', script_at('jobs.sh', make_list), exists, 1

    def marks_file(script: Path) -> None:
        script.with_name('jobs_done').touch()

    def parent_file(script: Path) -> None:
        script.parent.touch()

    yield (
        'a file at the path of the marks',
        script_at('jobs.sh', marks_file),
        'cannot write',
        1,
    )
    yield (
        'a file as folder of the script',
        script_at('x/jobs.sh', parent_file),
        'cannot write',
        1,
    )
