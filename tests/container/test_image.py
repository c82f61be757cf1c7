"""A built image, run as on clusters: unknown user, read-only, no network, no home folder.

PVS_IMAGE is the name of the image, PVS_CONTAINER the container command with its global options
(default: docker), and PVS_CONTAINER_OPTIONS contains further options of `run` for this machine.
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
ISOLATED = ['--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp', '-u', '54321:54321']
MAX_BYTES = 2.5e9

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(IMAGE is None, reason='PVS_IMAGE is not set'),
]


def engine(*words, check=True):
    command = [*ENGINE, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def run(*words, options=(), check=True):
    """Run the app of the image; options are those of the container command."""
    return engine('run', *ISOLATED, *OPTIONS, *options, IMAGE, *words, check=check)


def script(text, *options):
    """Run Python code in the image and return its JSON output."""
    python = ('--entrypoint', '/opt/pvs/bin/python')
    process = run('-c', text, options=(*python, *options))
    return json.loads(process.stdout)


def volume(host, inside):
    return ('-v', f'{host}:{inside}')


def tables(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*.tsv'))
    }


@pytest.fixture(scope='module')
def results(tmp_path_factory):
    """Run both levels with two writable folders; return the output folder and the messages."""
    out, work = tmp_path_factory.mktemp('out'), tmp_path_factory.mktemp('work')
    out.chmod(0o777)
    work.chmod(0o777)
    options = [*volume(EXAMPLE, '/in:ro'), *volume(out, '/out'), *volume(work, '/work')]
    # Apptainer may set HOME to a folder that does not exist or is not writable.
    options += ['-e', 'HOME=/nowhere']
    runs = [
        run('/in', '/out', 'participant', '--nprocs', 2, '-w', '/work', options=options),
        run('/in', '/out', 'group', options=options),
    ]
    return out, [process.stderr for process in runs]


def test_tables_equal_those_of_a_local_run(results, tmp_path):
    out, _ = results
    command = [Path(sys.executable).with_name('pvs_workflow'), EXAMPLE, tmp_path / 'out']
    work = ['--nprocs', '1', '-w', tmp_path / 'work']
    subprocess.run([*command, 'participant', *work], check=True, capture_output=True)
    subprocess.run([*command, 'group'], check=True, capture_output=True)
    written = tables(out)
    assert len(written) == 18
    assert written == tables(tmp_path / 'out')


def test_there_are_no_warnings(results):
    _, messages = results
    assert not re.search(r'warning|error|traceback|denied|read-only', ' '.join(messages), re.I)


def test_results_belong_to_the_user_and_include_the_reports(results):
    out, _ = results
    assert {path.stat().st_uid for path in out.rglob('*')} == {54321}
    assert {path.name for path in out.glob('*.html')} >= {
        'group_potter.html',
        'sub-01.html',
        'sub-02.html',
    }


def test_python_packages_and_variables_of_the_host_are_ignored(results, tmp_path):
    home = tmp_path / 'home' / '.local' / 'lib' / 'python3.11' / 'site-packages'
    out = tmp_path / 'out'
    for folder in (home, tmp_path / 'host', out):
        folder.mkdir(parents=True)
    for folder in (home, tmp_path / 'host'):
        for name in ('numpy', 'nipype', 'sitecustomize', 'usercustomize'):
            (folder / f'{name}.py').write_text('raise SystemExit("a module of the host")')
    out.chmod(0o777)
    options = [*volume(EXAMPLE, '/in:ro'), *volume(out, '/out'), *volume(tmp_path, '/host:ro')]
    for variable in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONUSERBASE=/host/home/.local'):
        options += ['-e', variable if '=' in variable else f'{variable}=/host/host']
    options += ['-e', 'PYTHONSTARTUP=/host/host/numpy.py', '-e', 'HOME=/host/home']
    words = ('participant', '--participant-label', '02', '-w', '/tmp/work', '--nprocs', '2')
    run('/in', '/out', *words, options=options)
    expected = {name: text for name, text in tables(results[0]).items() if name[:6] == 'sub-02'}
    assert tables(out) == expected


def test_a_missing_output_volume_is_an_error():
    process = run('/in', '/out', 'participant', options=volume(EXAMPLE, '/in:ro'), check=False)
    assert process.returncode == 1
    assert '/out' in process.stderr
    assert 'Traceback' not in process.stderr


def test_a_stopped_container_ends_with_the_code_of_sigterm(tmp_path):
    tmp_path.chmod(0o777)
    for name in ('out', 'work'):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    volumes = [*volume(EXAMPLE, '/in:ro'), *volume(tmp_path / 'out', '/out')]
    volumes += volume(tmp_path / 'work', '/work')
    options = [word for word in ISOLATED if word != '--rm']
    words = ('run', '-d', *options, *OPTIONS, *volumes, IMAGE, '/in', '/out', 'participant')
    container = engine(*words).stdout.strip()
    try:
        for _ in range(120):
            if list((tmp_path / 'work').rglob('*.pklz')):  # the first step has started
                break
            time.sleep(0.5)
        start = time.monotonic()
        engine('stop', '-t', 60, container)
        assert time.monotonic() - start < 30
        assert engine('wait', container).stdout.strip() == '143'
    finally:
        engine('rm', '-f', container)


def test_the_image_is_small_and_has_its_version():
    (image,) = json.loads(engine('image', 'inspect', IMAGE).stdout)
    assert image['Size'] <= MAX_BYTES
    labels = image['Config']['Labels']
    assert labels['org.opencontainers.image.version'] == __version__
    assert run('--version').stdout.strip() == f'pvs_workflow v{__version__}'


def test_the_image_lists_the_locked_packages():
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


def test_only_scratch_folders_are_writable_and_no_build_tools_are_left():
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
