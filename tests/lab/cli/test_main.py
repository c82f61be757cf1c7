import subprocess
import sys

import pytest

from pvs_workflow.lab.cli.main import main, parse_command


def test_help_does_not_import_heavy_packages():
    code = (
        'import sys\n'
        'from pvs_workflow.lab.cli.main import main\n'
        'try:\n    main(sys.argv[1:])\n'
        'except SystemExit as end:\n    assert end.code == 0\n'
        'heavy = {"tensorflow", "keras", "pandas", "ants", "nipype", "matplotlib"}\n'
        'print(heavy & set(sys.modules), file=sys.stderr)\n'
    )
    for args in (['--help'], ['train', '--help'], ['simulate', '--help'], ['evaluate', '--help']):
        process = subprocess.run(
            [sys.executable, '-c', code, *args], capture_output=True, text=True, check=True
        )
        assert process.stdout.startswith('usage: pvs_cascade')
        assert process.stderr == 'set()\n'


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(['--help'])
    out = capsys.readouterr().out
    assert all(command in out for command in ('simulate', 'train', 'evaluate'))


@pytest.mark.parametrize(
    'args',
    [
        [],
        ['sing'],
        ['train'],
        ['train', 'a', 'b'],
        ['train', 'a', '--minutes', '0'],
        ['train', 'a', '--minutes', 'nan'],
        ['train', 'a', '--epochs-counter', '0'],
        ['train', 'a', '--seed', '-1'],
        ['evaluate', 'a', 'b', 'c', '--seed', '-1'],
        ['simulate', 'a', '--participants', '0'],
        ['train', 'a', '--n-cpus', 'two'],
    ],
)
def test_invalid_arguments_exit_with_2(args, capsys):
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code == 2
    assert 'usage: pvs_cascade' in capsys.readouterr().err


@pytest.mark.parametrize(
    'words',
    [
        ['simulate', 'out', '--participants', '2', '--seed', '1', '--contrasts', 'T2w', 'T1w'],
        ['train', 'out', '--minutes', '2'],
        ['evaluate', 'data', 'bundle', 'out.json'],
        ['crossval', 'data', 'out', '--methods', 'none', 'deep'],
    ],
)
def test_each_command_makes_an_immutable_plan(words):
    _, plan, fields = parse_command(words)
    assert hash(plan(**fields)) == hash(plan(**fields))
