"""Bad inputs given to the installed commands, in processes with limited memory."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.example import COMMAND, EXAMPLE, copy_t2w, environment, make_raw
from tests.builders.results import save_result
from tests.hostile import bundles, datasets, images, tables
from tests.hostile.case import MAX_MEMORY

pytestmark = pytest.mark.slow
CASCADE = COMMAND.with_name('pvs_cascade')
SECONDS = 200


MEASURED = """
import resource, subprocess, sys
from pathlib import Path
# Files above 2 GB cannot be written, regardless of the size in a header.
resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 2**30,) * 2)
code = subprocess.call(sys.argv[2:])
Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""
"""Code that runs a command and writes its peak memory.

It needs a separate process, since the peak memory of a new process includes that of its parent.
"""


def run(command, cwd, max_memory=MAX_MEMORY):
    """Run a command; return its exit code, its standard error and the new files."""
    home, before, usage_file = cwd / 'home', _files(cwd), cwd.with_name(f'{cwd.name}_memory.txt')
    completed = subprocess.run(
        [sys.executable, '-c', MEASURED, usage_file, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment(home),
        cwd=cwd,
        timeout=SECONDS,
        check=False,
    )
    text, usage = completed.stderr.decode('utf-8', 'backslashreplace'), int(usage_file.read_text())
    assert 'Traceback' not in text, text
    assert 'unexpected' not in text, text
    assert usage < max_memory, usage
    return completed.returncode, text, _files(cwd) - before


def _files(folder: Path) -> set[str]:
    return {str(Path(parent, name)) for parent, _, names in os.walk(folder) for name in names}


def lines_with(text, words):
    return [line for line in text.splitlines() if words in line]


MODULES = (images, datasets, bundles, tables)
CASES = {case.title: case for module in MODULES for case in module.cases()}
IN_RUN = {
    'fourd': 'image: 4D',
    'cut': 'image: NIfTI truncated after 400 bytes',
    'flipped': 'image: gzip, bit flipped at 50 % of the file',
    'rgb': 'image: RGB',
    'nan': 'image: one voxel nan',
    'claims': 'image: 812 × 812 × 812 voxels without data',
    'zeros': 'image: small image, then 8 GB of zeros',
    'offset': 'image: data from byte 1e+09',
    'extension': 'image: extension of 2 GB of text',
    'far': 'image: sform placed 1e+12 mm away',
    'noise': 'image: scale 0 (none)',
}


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """Run the participant level on a good scan among bad ones."""
    folder = tmp_path_factory.mktemp('hostile')
    bids = folder / 'bids'
    (good, *anats) = make_raw(bids, 'good', *IN_RUN)
    copy_t2w(good)
    for anat, title in zip(anats, IN_RUN.values(), strict=True):
        label = anat.parent.name
        image = CASES[title].make(anat)
        image.rename(anat / image.name.replace('sub-bad', label))
    os.mkfifo(bids / 'sub-pipe_T2w.nii.gz')
    for label, kind in {
        'pipe': os.mkfifo,
        'zero': lambda path: path.symlink_to('/dev/zero'),
        'passwd': lambda path: path.symlink_to('/etc/passwd'),
        'loop': lambda path: path.symlink_to(path.name),
        'folder': Path.mkdir,
    }.items():
        (bids / f'sub-{label}' / 'anat').mkdir(parents=True)
        kind(bids / f'sub-{label}' / 'anat' / f'sub-{label}_T2w.nii.gz')
    for name in ('sub-good.bak', 'sub-a\nb', 'sub-$(touch hacked)'):
        shutil.copytree(bids / 'sub-good', bids / name)
    (bids / os.fsdecode(b'sub-a\xff') / 'anat').mkdir(parents=True)
    (bids / 'sub-good' / 'again').symlink_to(bids, target_is_directory=True)
    (bids / 'sub-good' / 'anat' / 'sub-good_T2w.json').write_bytes(datasets.DEEP.encode())
    (bids / 'participants.tsv').write_bytes(tables.BINARY)
    (folder / 'out').mkdir()
    code, text, new = run(
        [
            *(COMMAND, bids, folder / 'out', 'participant', '--skip-bids-validation'),
            *('--nprocs', 2, '-w', folder / 'work', '--no-bias-correction'),
        ],
        folder,
    )
    return folder, code, text, new


@pytest.mark.parametrize('label', [*IN_RUN, 'pipe', 'zero', 'passwd', 'loop', 'folder'])
def test_each_scan_has_one_error_message(finished, label):
    folder, code, text, _ = finished
    logs = [path.read_text('utf-8', 'replace') for path in (folder / 'out/logs').glob('*.log')]
    errors = lines_with('\n'.join(logs), f' ERROR sub-{label}:')
    assert code == 1
    assert len(errors) == 1, errors
    message = errors[0].partition(' ERROR ')[2]
    assert message in text.splitlines()
    assert 'crash' not in message


def test_folders_with_invalid_names_are_named(finished):
    for label in ("'good.bak'", 'a b', 'touch hacked', 'a\\udcff'):
        assert lines_with(finished[2], label), finished[2]


def test_the_good_scan_is_complete_and_no_file_is_elsewhere(finished):
    folder, _, _, new = finished
    assert (folder / 'out/sub-good/anat/sub-good_desc-potter_grade.tsv').is_file()
    allowed = tuple(f'{folder / name}/' for name in ('out', 'work', 'home'))
    assert [path for path in new if not path.startswith(allowed)] == []
    assert {path.parent for path in folder.rglob('*hacked*')} == {folder / 'bids'}


def test_the_group_level_skips_damaged_results(finished):
    folder, *_ = finished
    out = folder / 'group'
    shutil.copytree(folder / 'out/sub-good', out / 'sub-good')
    for number, (end, kind) in enumerate(
        [
            (tables.GRADE, os.mkfifo),
            (tables.COUNTS, lambda path: path.symlink_to('/dev/zero')),
            (tables.GRADE, tables._huge),
            (tables.COUNTS, lambda path: path.write_bytes(tables.BINARY)),
        ]
    ):
        stem = save_result(out, f'bad{number}')
        path = stem.with_name(stem.name + end)
        path.unlink()
        kind(path)
    code, text, _ = run([COMMAND, folder / 'bids', out, 'group'], folder)
    assert code == 1
    for number in range(4):
        assert len(lines_with(text, f'/sub-bad{number}_desc')) == 1, text
    assert 'sub-good' in (out / 'group_potter.tsv').read_text()


@pytest.mark.parametrize(
    ('command', 'title'),
    [
        ('participant', 'bundle: without counter.safetensors'),
        ('participant', 'bundle: a card of 200,000 brackets'),
        ('participant', 'bundle: a card with a billion filters'),
        ('evaluate', 'bundle: weights that are a pickle'),
        ('evaluate', 'bundle: weights with an array that claims 12 GB'),
    ],
)
def test_bad_cascades_are_refused(tmp_path, command, title):
    path = bundles.prepare(tmp_path)
    CASES[title].make(path)
    if command == 'evaluate':
        words = [CASCADE, 'evaluate', EXAMPLE, path, tmp_path / 'out.json']
    else:
        words = [COMMAND, EXAMPLE, tmp_path / 'out', 'participant', '--model', path]
        words += ['--skip-bids-validation', '-w', tmp_path / 'work']
    code, text, _ = run(words, tmp_path)
    assert code == 1
    assert len(lines_with(text, CASES[title].message)) == 1, text
    assert not list(Path('/tmp').glob('pvs_hacked*'))


def test_training_refuses_bad_masks(tmp_path):
    masks = tmp_path / 'masks'
    masks.mkdir()
    name = 'sub-02_space-T2w_desc-raters_mask.nii.gz'
    image = CASES['image: small image, then 8 GB of zeros'].make(masks)
    image.rename(masks / name)
    words = ['train', tmp_path / 'new', '--bids-dir', EXAMPLE, '--masks', masks]
    code, text, _ = run([CASCADE, *words], tmp_path)
    assert code == 1
    assert len(lines_with(text, 'pvs_cascade: error: ')) == 1, text
