"""The Dockerfile and its build context, without building the image."""

import configparser
import json
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

from pvs_workflow import __version__

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r'^#.*\n', '', (ROOT / 'Dockerfile').read_text('utf-8'), flags=re.M)
STEPS = [line.split(maxsplit=1) for line in TEXT.replace('\\\n', ' ').splitlines() if line.strip()]
LAST_STAGE = STEPS[max(number for number, step in enumerate(STEPS) if step[0] == 'FROM') :]
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


def is_in_context(path):
    """Return whether a file is in the build context: the last rule that matches it decides."""
    paths = [path, *map(str, PurePosixPath(path).parents)]
    included = True
    for rule in IGNORED:
        pattern = rule.removeprefix('!')
        names = [pattern, pattern.removeprefix('**/')]
        parts = PurePosixPath(path).parts if pattern.startswith('**/') else paths
        if any(fnmatch(part, name) for part in parts for name in names if part != '.'):
            included = rule.startswith('!')
    return included


def sources():
    """Return the paths that the Dockerfile copies from the repository."""
    copies = [rest.split() for rest in values(STEPS, 'COPY') if '--from' not in rest]
    return [source for copy in copies for source in copy[:-1]]


@pytest.mark.parametrize('source', sources())
def test_copied_files_exist_and_are_in_the_build_context(source):
    assert (ROOT / source).exists()
    assert is_in_context(source)


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
def test_files_that_a_run_does_not_need_are_not_in_the_build_context(path):
    assert not is_in_context(path)


@pytest.mark.parametrize(
    'path', ['pvs_workflow/data/cascade/enhancer.safetensors', 'docker/requirements.txt']
)
def test_the_model_and_requirements_are_in_the_build_context(path):
    assert (ROOT / path).is_file()
    assert is_in_context(path)


def test_all_packages_have_hashes_or_come_from_the_repository():
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


def test_the_last_stage_installs_nothing_with_pip_or_apt():
    assert not re.search(r'\bpip\b|apt-get|python3-venv', ' '.join(values(LAST_STAGE, 'RUN')))
    assert [rest.split()[-1] for rest in values(LAST_STAGE, 'COPY')] == ['/opt/pvs']


def test_labels_match_the_package_metadata():
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    labels = {
        name.removeprefix(LABEL): value
        for name, value in settings(LAST_STAGE, 'LABEL').items()
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


def test_the_user_is_not_root_and_the_entry_point_is_the_app():
    (user,) = values(LAST_STAGE, 'USER')
    assert re.fullmatch(r'[1-9]\d*:[1-9]\d*', user)  # numeric IDs, which clusters can check
    (entry,) = values(LAST_STAGE, 'ENTRYPOINT')
    assert json.loads(entry) == ['pvs_workflow']


def test_the_environment_allows_writing_only_to_tmp():
    environment = settings(LAST_STAGE, 'ENV')
    assert environment['HOME'] == '/tmp'
    assert environment['MPLCONFIGDIR'].startswith('/tmp/')  # even if an engine sets another HOME
    assert environment['PYTHONDONTWRITEBYTECODE'] == '1'
    assert environment['PATH'].startswith('/opt/pvs/bin:')


def test_the_command_ignores_python_variables_of_the_host(tmp_path, monkeypatch):
    (ignored,) = re.findall(r'ignored="(.*?)"', TEXT)
    (line,) = re.findall(r'1s\|\^#!\|(.*?)\|', TEXT)
    host = tmp_path / 'host'
    host.mkdir()
    (host / 'colorsys.py').write_text('raise SystemExit("a module of the host")')
    command = tmp_path / 'command'
    command.write_text(
        f'{line.replace("$ignored", ignored)}{sys.executable}\n'
        'import colorsys, os, subprocess, sys\n'
        'subprocess.run([sys.executable, "-c", "import colorsys"], check=True)\n'
        'print(os.environ["PYTHONHASHSEED"])\n'
    )
    command.chmod(0o755)
    for name in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PYTHONUSERBASE'):
        monkeypatch.setenv(name, str(host))
    monkeypatch.setenv('PYTHONHASHSEED', '0')
    process = subprocess.run([command], capture_output=True, text=True)
    assert (process.stdout, process.stderr) == ('0\n', '')


def test_the_descriptor_names_this_version():
    descriptor = json.loads((ROOT / 'boutiques' / 'pvs_workflow.json').read_text('utf-8'))
    assert descriptor['container-image']['image'] == f'pvs_workflow:{__version__}'
