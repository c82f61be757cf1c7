"""A built image, run as clusters run it: unknown user, all read-only, no network, no home.

PVS_IMAGE names the image, PVS_CONTAINER the command with its global options (docker), and
PVS_CONTAINER_OPTIONS what `run` needs besides on this machine.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pvs_workflow import __version__
from tests.builders.requirements import entries

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / 'bids_examples' / 'template'
IMAGE = os.environ.get('PVS_IMAGE')
ENGINE = shlex.split(os.environ.get('PVS_CONTAINER', 'docker'))
OPTIONS = shlex.split(os.environ.get('PVS_CONTAINER_OPTIONS', ''))
HARD = ['--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp', '-u', '54321:54321']
LIMIT = 2.5e9

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(IMAGE is None, reason='PVS_IMAGE names no image'),
]


def engine(*words, check=True):
    command = [*ENGINE, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def run(*words, options=(), check=True):
    """Run the image's app; options are those of the container."""
    return engine('run', *HARD, *OPTIONS, *options, IMAGE, *words, check=check)


def script(text, *options):
    """Run some Python in the image."""
    python = ('--entrypoint', '/opt/pvs/bin/python')
    done = run('-c', text, options=(*python, *options))
    return json.loads(done.stdout)


def volume(host, inside):
    return ('-v', f'{host}:{inside}')


def tables(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*.tsv'))
    }


@pytest.fixture(scope='module')
def results(tmp_path_factory):
    """Return what both levels wrote and said, where nothing but two folders is writable."""
    out, work = tmp_path_factory.mktemp('out'), tmp_path_factory.mktemp('work')
    out.chmod(0o777)
    work.chmod(0o777)
    places = [*volume(EXAMPLE, '/in:ro'), *volume(out, '/out'), *volume(work, '/work')]
    # Apptainer sets HOME to a folder that may be neither there nor writable.
    places += ['-e', 'HOME=/nowhere']
    said = [
        run('/in', '/out', 'participant', '--nprocs', 2, '-w', '/work', options=places),
        run('/in', '/out', 'group', options=places),
    ]
    return out, [done.stderr for done in said]


def test_the_tables_are_those_of_a_local_run(results, tmp_path):
    out, _ = results
    command = [Path(sys.executable).with_name('pvs_workflow'), EXAMPLE, tmp_path / 'out']
    work = ['--nprocs', '1', '-w', tmp_path / 'work']
    subprocess.run([*command, 'participant', *work], check=True, capture_output=True)
    subprocess.run([*command, 'group'], check=True, capture_output=True)
    ours = tables(out)
    assert len(ours) == 18
    assert ours == tables(tmp_path / 'out')


def test_nothing_is_complained_of(results):
    _, said = results
    assert not re.search(r'warning|error|traceback|denied|read-only', ' '.join(said), re.I)


def test_results_belong_to_the_user_and_the_pages_are_there(results):
    out, _ = results
    assert {path.stat().st_uid for path in out.rglob('*')} == {54321}
    assert {path.name for path in out.glob('*.html')} >= {
        'group_potter.html',
        'sub-01.html',
        'sub-02.html',
    }


def test_a_forgotten_volume_ends_the_run_at_once():
    done = run('/in', '/out', 'participant', options=volume(EXAMPLE, '/in:ro'), check=False)
    assert done.returncode == 1
    assert '/out' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_stopped_container_ends_as_one_that_was_terminated(tmp_path):
    tmp_path.chmod(0o777)
    for name in ('out', 'work'):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    places = [*volume(EXAMPLE, '/in:ro'), *volume(tmp_path / 'out', '/out')]
    places += volume(tmp_path / 'work', '/work')
    kept = [word for word in HARD if word != '--rm']
    words = ('run', '-d', *kept, *OPTIONS, *places, IMAGE, '/in', '/out', 'participant')
    container = engine(*words).stdout.strip()
    try:
        for _ in range(120):
            if list((tmp_path / 'work').rglob('*.pklz')):  # a first step has begun
                break
            time.sleep(0.5)
        start = time.monotonic()
        engine('stop', '-t', 60, container)
        assert time.monotonic() - start < 30
        assert engine('wait', container).stdout.strip() == '143'
    finally:
        engine('rm', '-f', container)


def test_the_image_is_small_and_says_what_it_is():
    (image,) = json.loads(engine('image', 'inspect', IMAGE).stdout)
    assert image['Size'] <= LIMIT
    labels = image['Config']['Labels']
    assert labels['org.opencontainers.image.version'] == __version__
    assert run('--version').stdout.strip() == f'pvs_workflow v{__version__}'


def test_its_list_of_packages_is_that_of_the_lock():
    text = "print(open('/opt/pvs/share/pvs_workflow.cdx.json').read())"
    bom = script(text)
    assert (bom['bomFormat'], bom['specVersion']) == ('CycloneDX', '1.6')
    listed = {
        part['purl'].removeprefix('pkg:pypi/').split('@')[0]: part['version']
        for part in bom['components']
        if part.get('purl', '').startswith('pkg:pypi/')
    }
    assert entries(ROOT / 'docker' / 'requirements.txt').items() <= listed.items()
    debian = [part for part in bom['components'] if part['bom-ref'].startswith('pkg:deb/')]
    assert {'libc6', 'libgomp1', 'python3'} <= {part['name'] for part in debian}
    assert not {'binutils', 'python3-venv'} & {part['name'] for part in debian}


def test_nothing_but_scratch_can_be_written_to_and_nothing_needless_is_there():
    text = """
import json, os
skip = ('/proc', '/sys', '/dev', '/tmp', '/work', '/var/tmp', '/run')
writable, needless = [], []
for folder, names, files in os.walk('/'):
    names[:] = [n for n in names if not os.path.join(folder, n).startswith(skip)]
    if os.stat(folder).st_mode & 0o002:
        writable.append(folder)
    if folder.startswith('/opt') and os.path.basename(folder) in ('tests', 'benchmarks'):
        needless.append(folder)
    needless += [f for f in files if f in ('pip', 'gcc', 'ld')]
print(json.dumps([writable, needless]))
"""
    assert script(text) == [[], []]
