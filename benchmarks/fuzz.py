"""Fuzz the readers with coverage guidance, using Atheris (``pip install atheris``).

The fuzzer starts from a good input and keeps changes that reach new code. It stops at the first
input that does not end in a one-line message (``PVSError``), or takes more than 10 seconds or 2 GB
of memory. That input is kept in the folder of ``--corpus`` as ``crash-...``, ``timeout-...`` or
``oom-...``.
"""

import gzip
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=['pvs_workflow', 'nibabel', 'csv', 'json', 'tomllib']):
    import nibabel  # noqa: F401

    from benchmarks.harness import ROOT, command_line
    from pvs_workflow.derivatives.tables import read_records, read_table
    from pvs_workflow.errors import PVSError
    from pvs_workflow.files import parse_json
    from pvs_workflow.inputs.nifti import read_nifti
    from pvs_workflow.inputs.participants import read_participants
    from pvs_workflow.inputs.query import load_filters
    from pvs_workflow.networks.card import Card
    from pvs_workflow.raters.ratings import read_ratings
    from pvs_workflow.science.checks import check_voxels
    from pvs_workflow.science.geometry import to_canonical
    from pvs_workflow.settings import load_settings


def _nifti(path: Path) -> None:
    image, data = read_nifti(path, 'float32')
    check_voxels(data)
    to_canonical(data, image.affine)


def _json(path: Path) -> None:
    try:
        parse_json(path.read_bytes().decode('utf-8', 'replace'))
    except ValueError as error:
        raise PVSError(str(error)) from error


READERS = {
    'nifti': ('a.nii', _nifti),
    'gzip': ('a.nii.gz', _nifti),
    'records': ('a.tsv', lambda path: read_records(path, 'potter_grade')),
    'table': ('a.tsv', lambda path: read_table(path, 'potter_grade')),
    'ratings': ('a.tsv', lambda path: read_ratings([path], lambda folder: {})),
    'participants': ('participants.tsv', lambda path: read_participants(path.parent)),
    'json': ('a.json', _json),
    'card': ('card.json', lambda path: Card.from_json(path.read_bytes().decode('latin-1'))),
    'filters': ('a.json', load_filters),
    'settings': ('a.toml', load_settings),
}
"""File name and function of each reader."""
SEEDS = {
    'ratings': b'participant_id\themisphere\tslice\tcount\trater\nsub-1\tL\t3\t4\ta\n',
    'participants': b'participant_id\tage\tsex\tgroup\tsite\nsub-1\t70\tF\ta\tb\n',
    'json': b'{"a": [1, 2.5e3, null, true, "\\u00e9"]}',
    'filters': b'{"t2w": {"acquisition": ["a", null], "run": 1}}',
    'settings': b'bids_dir = "a"\noutput_dir = "b"\nanalysis_level = "group"\nrun_id = "c"\n',
}


def seeds(reader: str) -> list[bytes]:
    """Return good inputs to start from."""
    import numpy as np

    from tests.builders.results import save_result
    from tests.hostile import images, tables

    if reader in ('nifti', 'gzip'):
        voxels = np.arange(60).reshape(3, 4, 5)
        small = images.nifti(voxels.astype('int16'))
        wide = images.nifti(voxels.astype('float32'), version=2)
        return [gzip.compress(one) if reader == 'gzip' else one for one in (small, wide)]
    if reader in ('records', 'table'):
        stem = save_result(Path(tempfile.mkdtemp(prefix='fuzz-')), 'x')
        return [stem.with_name(stem.name + tables.GRADE).read_bytes()]
    if reader == 'card':
        return [(ROOT / 'pvs_workflow' / 'data' / 'cascade' / 'card.json').read_bytes()]
    return [SEEDS[reader]]


def main() -> None:
    """Fuzz one reader for the given time."""
    parser = command_line(__doc__)
    parser.add_argument('reader', choices=READERS)
    parser.add_argument('--seconds', type=int, default=300)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument(
        '--corpus', type=Path, required=True, help='folder for the inputs, not deleted'
    )
    args = parser.parse_args()
    name, read = READERS[args.reader]
    path = Path(tempfile.mkdtemp(prefix='fuzz-')) / name
    args.corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(args.reader)):
        (args.corpus / f'seed-{number}').write_bytes(content)

    def one_input(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read(path)
        except PVSError as error:
            if not str(error).isprintable():
                raise ValueError('the message has several lines') from error

    limits = [f'-max_total_time={args.seconds}', '-timeout=10', '-rss_limit_mb=2048']
    keep = [f'-artifact_prefix={args.corpus}/', '-print_final_stats=1', '-verbosity=0']
    words = [sys.argv[0], f'-seed={args.seed}', *limits, *keep, str(args.corpus)]
    atheris.Setup(words, one_input)
    atheris.Fuzz()


if __name__ == '__main__':
    main()
