import argparse

import pytest

from pvs_workflow.errors import NoInputError, OutputError
from pvs_workflow.lab.cli import simulate


@pytest.fixture
def parser():
    out = argparse.ArgumentParser()
    simulate.add_arguments(out)
    return out


def test_a_folder_with_files_is_refused_in_one_sentence(tmp_path, parser):
    (tmp_path / 'notes.txt').write_text('keep me')
    args = parser.parse_args([str(tmp_path), '--participants', '1', '--seed', '1'])
    with pytest.raises(OutputError, match='expected a new or empty folder, received a folder'):
        simulate.run(args)
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']


def test_a_file_is_refused(tmp_path):
    path = tmp_path / 'notes.txt'
    path.write_text('keep me')
    with pytest.raises(OutputError, match='received a file'):
        simulate.check_empty(path)


@pytest.mark.parametrize(
    'options',
    [
        ['--participants', '0', '--seed', '1'],
        ['--participants', '2.5', '--seed', '1'],
        ['--participants', '2', '--seed', '-1'],
        ['--participants', '2', '--seed', '1', '--acquisition', 'fast'],
        ['--participants', '2', '--seed', '1', '--contrasts', 'PD'],
        ['--participants', '2'],
    ],
)
def test_wrong_options_end_with_usage(parser, options, capsys):
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(['out', *options])
    assert stop.value.code == 2
    assert 'usage' in capsys.readouterr().err


@pytest.mark.parametrize('option', ['--anatomies', '--backgrounds'])
def test_an_empty_source_is_refused_before_anything_is_written(tmp_path, parser, option):
    (tmp_path / 'given').mkdir()
    out, given = tmp_path / 'out', tmp_path / 'given'
    args = [str(out), '--participants', '1', '--seed', '1', option, str(given)]
    with pytest.raises(NoInputError, match=f'has no {option[2:]}, expected') as refused:
        simulate.run(parser.parse_args(args))
    assert '\n' not in str(refused.value)
    assert not out.exists()


@pytest.mark.slow
def test_it_writes_a_cohort_and_says_how_far_it_is(tmp_path, parser, capsys):
    out = tmp_path / 'cohort'
    args = parser.parse_args(
        [str(out), '--participants', '1', '--seed', '3', '--contrasts', 'T2w']
    )
    assert simulate.run(args) == 0
    assert [path.name for path in out.glob('sub-*')] == ['sub-0001']
    assert not list(out.rglob('*T1w*'))
    shown = capsys.readouterr()
    assert 'Simulated 1 of 1 participants' in shown.err
    assert str(out) in shown.out
