"""Bad files of options: settings of former runs, nipype's plugins, scripts of job arrays."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.builders.datasets import make_dataset
from tests.hostile.case import USED, Case

BINARY = bytes(range(256)) * 40


def prepare(folder: Path) -> Path:
    """Make a dataset of one participant; return a folder beside it."""
    make_dataset(folder / 'bids', ['sub-good_T2w.nii.gz'])
    (folder / 'out').mkdir()
    return folder / 'out'


def cases() -> Iterator[Case]:
    """Yield all bad files of options."""
    for name, change, says, code in _former():
        yield Case('config', name, change, says, code)
    for name, change, says, code in _plugins():
        yield Case('plugin', name, change, says, code)
    for name, change, says, code in _scripts():
        yield Case('script', name, change, says, code)


def _given(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def make(out: Path) -> Path:
        path = out / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def _odd_kinds(name: str) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Yield what has the name of a file and is none."""

    def at(kind: Callable[[Path], object]):
        def make(out: Path) -> Path:
            kind(out / name)
            return out / name

        return make

    yield 'a pipe', at(os.mkfifo)
    yield 'a folder', at(Path.mkdir)
    yield 'an endless device', at(lambda path: path.symlink_to('/dev/zero'))
    yield 'a link to itself', at(lambda path: path.symlink_to(path.name))
    yield 'nothing', at(lambda path: None)


def _former():
    name = 'former.toml'
    for what, content in {
        'of all bytes': BINARY,
        'in UTF-16': 'nprocs = 2\n'.encode('utf-16'),
        'that are no UTF-8': b'model = "\xff"\n',
        'cut off': 'nprocs = 2\nmodel = "a',
        'of 100,000 brackets': 'nprocs = ' + '[' * 100_000,
        'of 100 MB': 'nprocs = 2\n# ' + 'x' * 10**8,
        'of another program': '[tool.ruff]\nline-length = 99\n',
        'with a setting twice': 'nprocs = 2\nnprocs = 3\n',
        'with a list for a number': 'nprocs = [2]\n',
        'with a truth for a number': 'random_seed = true\n',
        'with 400 digits for memory': f'mem_gb = 1{"0" * 400}\n',
        'with 5,000 digits': f'nprocs = 1{"0" * 5000}\n',
        'with half a character': 'model = "\\ud800"\n',
        'with a date for a path': 'model = 2024-07-12\n',
    }.items():
        yield f'settings {what}', _given(name, content), 'former.toml', 2
    for what, content, says in (
        ('with an empty label', 'participant_label = [""]\n', 'participant_label'),
        ('with help for a label', 'participant_label = ["--help"]\n', 'participant_label'),
        ('with an option for a label', 'session_label = ["1", "--clean-workdir"]\n', 'session'),
        ('with a path for a label', 'participant_label = ["../../x"]\n', 'participant_label'),
        ('with a label of 1 MB', f'participant_label = ["-{"a" * 10**6}"]\n', 'participant'),
        ('with less than no process', 'nprocs = -5\n', 'nprocs'),
        ('with no thread', 'omp_nthreads = 0\n', 'omp_nthreads'),
        ('with endless memory', 'mem_gb = inf\n', 'mem_gb'),
        ('with memory that is no number', 'mem_gb = nan\n', 'mem_gb'),
        ('with less than no memory', 'mem_gb = -1.0\n', 'mem_gb'),
        ('with a large seed', f'random_seed = 1{"0" * 400}\n', 'random_seed'),
        ('with work in the dataset', 'work_dir = "{bids}/work"\n', 'inside bids_dir'),
        ('with the group level’s options', 'reading_sheet = true\n', 'group level'),
    ):
        yield f'settings {what}', _placed(name, content), says, 2
    for what, content in {
        'of no bytes': '',
        'with the version for a model': 'model = "--version"\n',
        'of a billion words': 'verbosity = 1000000000\n',
        'of less than no words': 'verbosity = -1000000000\n',
        'of another dataset': 'bids_dir = "/etc"\noutput_dir = "/etc"\n',
        'with Windows line ends': 'nprocs = 2\r\nwork_dir = "w"\r\n',
    }.items():
        yield f'settings {what}', _given(name, content), USED, 0
    for what, make in _odd_kinds(name):
        yield f'{what} as settings', make, 'former.toml', 2


def _placed(name: str, content: str) -> Callable[[Path], Path]:
    return lambda out: _given(name, content.replace('{bids}', str(out.parent / 'bids')))(out)


def _plugins():
    name = 'plugin.yml'
    for what, content in {
        'of no bytes': '',
        'of all bytes': BINARY,
        'that is no UTF-8': b'plugin: \xff\n',
        'of 100 MB': 'plugin: SLURM\n# ' + 'x' * 10**8,
        'with an object of Python': 'plugin: !!python/object/apply:os.system ["touch hacked"]\n',
        'with a module of Python': 'plugin: !!python/name:os.system\n',
        'with a constructor in arguments': 'plugin: SLURM\nplugin_args: !!python/object/new:os {}',
        'with a date that is none': 'plugin: SLURM\nplugin_args: {a: 2024-99-99}\n',
        'with 5,000 digits': f'plugin: SLURM\nplugin_args: {{a: {"1" * 5000}}}\n',
        'with two documents': 'plugin: SLURM\n---\nplugin: PBS\n',
        'that is a list': '- SLURM\n',
    }.items():
        yield f'a file {what}', _given(name, content), 'plugin.yml', 1
    for what, content in {
        'of nipype that does not wait': 'plugin: SGEGraph\n',
        'of nipype in one process': 'plugin: Debug\n',
        'that is a base class': 'plugin: DistributedPluginBase\n',
        'of no nipype': 'plugin: "__class__"\n',
        'with a line break in its name': 'plugin: "a\\nb"\n',
        'with a name of 8,000 letters': f'plugin: {"a" * 8_000}\n',
    }.items():
        yield f'a plugin {what}', _given(name, content), 'cannot be used', 1
    for what, make in _odd_kinds(name):
        yield f'{what} as plugin file', make, 'plugin.yml', 1


def _scripts():
    """Yield where a script is to be written, and the folders that it names."""

    def at(name: str, change: Callable[[Path], object] | None = None, **folders: str):
        def make(out: Path) -> dict[str, Path]:
            script = out / name
            if change is not None:
                change(script)
            return {'write_slurm': script} | {key: out / folder for key, folder in folders.items()}

        return make

    for what, folder in {
        'with a dollar sign': 'o$(touch hacked)',
        'with a semicolon': 'o;touch hacked;',
        'with a quote': "o'; touch hacked; '",
        'with back quotes': 'o`touch hacked`',
        'with a sign of the script': 'o@command@',
        'with a percent sign': 'o%j',
        'with a blank at its end': 'o ',
        'with Greek letters': 'αβγ',
    }.items():
        yield f'output {what}', at('jobs.sh', output_dir=folder), USED, 0
        yield f'work {what}', at('jobs.sh', work_dir=folder), USED, 0
    yield 'work with a line break', at('jobs.sh', work_dir='o\ntouch hacked\n'), USED, 0
    for what, folder in {
        'with a line break': 'o\n#SBATCH --wrap=hacked',
        'with a double quote': 'o"x',
        'with a backslash': 'o\\x',
        'with a colour code of terminals': 'o\x1b[31m',
    }.items():
        yield f'output {what}', at('jobs.sh', output_dir=folder), 'cannot be a log of Slurm', 1
    for what, name in {
        'with a blank': 'a b.sh',
        'with a line break': 'a\ntouch hacked\n.sh',
        'with a percent sign': 'a%j.sh',
        'with a dollar sign': '$(touch hacked).sh',
    }.items():
        yield f'a script {what}', at(name), 'cannot be the script of a job', 1
    yield 'a script of two full stops', at('..'), 'is there already', 1
    there = 'is there already'
    for what, kind in {
        'a folder': Path.mkdir,
        'a pipe': os.mkfifo,
        'a file': Path.touch,
        'a link to nothing': lambda path: path.symlink_to('/nowhere/at/all'),
        'a link to itself': lambda path: path.symlink_to(path.name),
        'a device': lambda path: path.symlink_to('/dev/null'),
    }.items():
        yield f'{what} where the script is to be', at('jobs.sh', kind), there, 1

        def beside(script: Path, kind=kind) -> None:
            kind(script.with_name('jobs_participants.txt'))

        yield f'{what} where the list is to be', at('jobs.sh', beside), there, 1

    def file_done(script: Path) -> None:
        script.with_name('jobs_done').touch()

    def file_above(script: Path) -> None:
        script.parent.touch()

    yield 'a file where the marks are to be', at('jobs.sh', file_done), 'cannot be written', 1
    yield 'a file as folder of the script', at('x/jobs.sh', file_above), 'cannot be written', 1
