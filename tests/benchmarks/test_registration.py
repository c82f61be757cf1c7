import pytest

from benchmarks import registration

DATASETS = ('--real', 'real', '--silver', 'silver', '--simulated', 'regsim')


def test_the_command_has_folder_names_only():
    args = registration.parse(
        ['/a/out', '--real', '/b/real', '--silver', '/c/silver', '--simulated', '/d/regsim']
    )
    assert str(args.real) == '/b/real'
    assert args.parts == ['speed', 'rigid', 'overlap', 'failures', 'heads']
    assert registration.repeat(args, 'speed') == (
        'python -m benchmarks.registration out --parts speed --real real --silver silver --seed 1'
    )
    for part in args.parts:
        command = registration.repeat(args, part)
        assert registration.repeat(registration.parse(command.split()[3:]), part) == command
        assert '/' not in command


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--parts', 'overlap'], 'overlap need --simulated'),
        (['--parts', 'speed', '--silver', 'silver'], 'speed need --real'),
        ([*DATASETS, '--seed', '0'], '--seed is 0; give a number above 0'),
    ],
)
def test_wrong_and_missing_options_are_named(capsys, words, message):
    with pytest.raises(SystemExit):
        registration.parse(['out', *words])
    assert message in capsys.readouterr().err
