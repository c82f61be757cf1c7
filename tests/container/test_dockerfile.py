"""The Dockerfile and what it is given, without building it."""

import configparser
import json
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

from pvs_workflow import __version__

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r'^#.*\n', '', (ROOT / 'Dockerfile').read_text('utf-8'), flags=re.M)
STEPS = [line.split(maxsplit=1) for line in TEXT.replace('\\\n', ' ').splitlines() if line.strip()]
LAST = STEPS[max(number for number, step in enumerate(STEPS) if step[0] == 'FROM') :]
IGNORED = [
    line
    for line in (ROOT / '.dockerignore').read_text('utf-8').splitlines()
    if line and not line.startswith('#')
]
LABEL = 'org.opencontainers.image.'


def values(steps, instruction):
    return [rest for word, rest in steps if word == instruction]


def settings(steps, instruction):
    pairs = [pair for rest in values(steps, instruction) for pair in shlex.split(rest)]
    return dict(pair.split('=', 1) for pair in pairs)


def is_sent(path):
    """Tell whether a file is sent to the build: the last rule that fits it or a folder decides."""
    places = [path, *map(str, PurePosixPath(path).parents)]
    sent = True
    for rule in IGNORED:
        pattern = rule.removeprefix('!')
        names = [pattern, pattern.removeprefix('**/')]
        parts = PurePosixPath(path).parts if pattern.startswith('**/') else places
        if any(fnmatch(part, name) for part in parts for name in names if part != '.'):
            sent = rule.startswith('!')
    return sent


def sources():
    """Return what the Dockerfile copies from the clone."""
    copies = [rest.split() for rest in values(STEPS, 'COPY') if '--from' not in rest]
    return [source for copy in copies for source in copy[:-1]]


@pytest.mark.parametrize('source', sources())
def test_what_is_copied_exists_and_is_sent(source):
    assert (ROOT / source).exists()
    assert is_sent(source)


@pytest.mark.parametrize(
    'path',
    [
        '.git/config',
        '.venv/bin/python',
        'benchmarks/group.py',
        'bids_examples/template/README',
        'docs/index.md',
        'out/demo/sub-01.html',
        'pvs_workflow/cli/__pycache__/run.cpython-311.pyc',
        'scripts/make_example.py',
        'tests/conftest.py',
        'work/pvs_wf/result.pklz',
    ],
)
def test_what_no_run_needs_is_not_sent(path):
    assert not is_sent(path)


@pytest.mark.parametrize(
    'path', ['pvs_workflow/data/cascade/enhancer.safetensors', 'docker/requirements.txt']
)
def test_model_and_lists_are_sent(path):
    assert (ROOT / path).is_file()
    assert is_sent(path)


def test_all_packages_come_with_hashes_or_from_the_clone():
    runs = ' ; '.join(values(STEPS, 'RUN'))
    installs = re.findall(r'pip\b[^&;|]*? install\b[^&;|]*', runs)
    assert len(installs) == 3
    for install in installs:
        words = install.split()
        assert '--no-deps' in words
        assert ('--require-hashes' in words) != ('--no-index' in words)
    named = re.findall(r'docker/([\w$]+)\.txt', runs)
    loop = re.search(r'for list in ([\w ]+);', runs)
    assert {*named, *loop[1].split()} == {'sbom', '$list', 'build', 'requirements'}


def test_the_last_stage_builds_nothing():
    assert not re.search(r'\bpip\b|apt-get|python3-venv', ' '.join(values(LAST, 'RUN')))
    assert [rest.split()[-1] for rest in values(LAST, 'COPY')] == ['/opt/pvs']


def test_labels_are_those_of_the_package():
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    labels = {
        name.removeprefix(LABEL): value
        for name, value in settings(LAST, 'LABEL').items()
        if name.startswith(LABEL)
    }
    metadata = setup['metadata']
    assert labels['title'] == metadata['name']
    assert labels['version'] == __version__
    assert labels['licenses'] == metadata['license']
    assert labels['authors'] == metadata['author']
    assert metadata['description'].startswith('Count enlarged perivascular spaces')
    assert labels['description'].startswith('Count enlarged perivascular spaces')
    assert labels['base.name'].endswith(STEPS[0][1].split()[0])


def test_nobody_is_root_and_the_app_is_what_runs():
    (user,) = values(LAST, 'USER')
    assert re.fullmatch(r'[1-9]\d*:[1-9]\d*', user)  # numbers, which clusters can check
    (entry,) = values(LAST, 'ENTRYPOINT')
    assert json.loads(entry) == ['pvs_workflow']


def test_the_environment_writes_nowhere_but_tmp():
    environment = settings(LAST, 'ENV')
    assert environment['HOME'] == '/tmp'
    assert environment['MPLCONFIGDIR'].startswith('/tmp/')  # whatever HOME an engine sets
    assert environment['PYTHONDONTWRITEBYTECODE'] == '1'
    assert environment['PATH'].startswith('/opt/pvs/bin:')


def test_the_descriptor_names_this_version():
    descriptor = json.loads((ROOT / 'boutiques' / 'pvs_workflow.json').read_text('utf-8'))
    assert descriptor['container-image']['image'] == f'pvs_workflow:{__version__}'
