"""The command that measures registration."""

import pytest

from benchmarks import registration
from tests.builders.benchmarks import DATASETS


def test_the_command_names_folders_only():
    args = registration.parse(
        ['/a/out', '--real', '/b/real', '--silver', '/c/silver', '--simulated', '/d/regsim']
    )
    assert str(args.real) == '/b/real'
    assert args.parts == ['speed', 'rigid', 'overlap', 'failures']
    assert registration.command(args, 'speed') == (
        'python benchmarks/registration.py out --parts speed --real real --silver silver --seed 1'
    )
    for part in args.parts:
        repeated = registration.parse(registration.command(args, part).split()[2:])
        assert registration.command(repeated, part) == registration.command(args, part)
        assert '/' not in registration.command(args, part).removeprefix('python benchmarks/')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--parts', 'overlap'], 'overlap need --simulated'),
        (['--parts', 'speed', '--silver', 'silver'], 'speed need --real'),
        ([*DATASETS, '--seed', '0'], '--seed must be above 0, received 0'),
    ],
)
def test_what_is_missing_has_to_be_named(capsys, words, message):
    with pytest.raises(SystemExit):
        registration.parse(['out', *words])
    assert message in capsys.readouterr().err
