import pytest

from pvs_workflow.cli.parser import parse_args


@pytest.fixture
def parse(tmp_path, monkeypatch):
    """Return a function that parses options, by default of the participant level."""
    monkeypatch.chdir(tmp_path)

    def call(*options, level='participant', bids='bids', out='out'):
        return parse_args([bids, out, level, *options])

    return call
