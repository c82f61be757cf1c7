"""What a cascade says of itself: the card beside its weights."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from pvs_workflow.errors import BundleError
from pvs_workflow.files import parse_json
from pvs_workflow.science.emphasis import Emphasis
from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.slices import IMAGE_SHAPE
from pvs_workflow.uncertainty.calibration import Calibration
from pvs_workflow.uncertainty.reference import Reference

FORMAT = 'pvs_workflow cascade'
FORMAT_VERSION = 3
"""Version 1 had one calibration for all counts, and no reference; version 2 no emphasis."""
LONGEST_NAME = 100
"""Characters of a cascade's name and version, which stand in every table."""

LICENCE = 'Apache-2.0'
WEIGHTS = ('enhancer.keras', 'counter.keras')
INTENDED_USE = (
    'Research on enlarged perivascular spaces (ePVS): counting them in the basal ganglia on '
    'axial T2-weighted MRI of adults.'
)
LIMITATIONS = 'Trained on simulated ePVS; not a medical device.'


@dataclass(frozen=True)
class Card:
    """Everything that is known of one cascade, apart from its weights.

    Attributes
    ----------
    name, version : str
    architecture : dict
        What each network is made of; ``image_shape`` and ``count_scale`` (the count that the
        counter's output 1 means).
    preprocessing : Preprocessing
        How images must be scaled and blanked before they are given to it.
    emphasis : Emphasis
        How strongly enhanced images show what the enhancer found.
    training : dict
        Data, seed, command, settings and durations.
    metrics : dict
        Figures measured on participants that were held out.
    calibration : Calibration
    reference : Reference
        What the images look like that it knows.
    versions : dict of str
        Of the software that trained it.
    checksums : dict of str
        SHA-256 of each weights file.
    licence, intended_use, limitations : str

    """

    name: str
    version: str
    architecture: Mapping
    preprocessing: Preprocessing
    emphasis: Emphasis
    training: Mapping
    metrics: Mapping
    calibration: Calibration
    reference: Reference
    versions: Mapping
    checksums: Mapping = field(default_factory=dict)
    licence: str = LICENCE
    intended_use: str = INTENDED_USE
    limitations: str = LIMITATIONS

    @property
    def label(self) -> str:
        """Name and version, as tables give them."""
        return f'{self.name} {self.version}'

    @property
    def count_scale(self) -> float:
        """The number of ePVS that the counter's output 1 means."""
        return float(self.architecture['count_scale'])

    def with_checksums(self, checksums: Mapping) -> 'Card':
        """Return a copy that names these weights."""
        return replace(self, checksums=dict(checksums))

    def to_json(self) -> str:
        """Return the card as JSON text, keys in a fixed order."""
        values = asdict(self) | {
            'preprocessing': self.preprocessing.to_card(),
            'emphasis': self.emphasis.to_card(),
            'calibration': self.calibration.to_card(),
            'reference': self.reference.to_card(),
        }
        values = {'format': FORMAT, 'format_version': FORMAT_VERSION, **values}
        return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + '\n'

    @classmethod
    def from_json(cls, text: str) -> 'Card':
        """Read a card.

        Raises
        ------
        BundleError
            If the text is no JSON object, not a cascade's card, of another format version, or
            has a missing, unknown or ill-typed field.

        """
        values = _parse(text)
        if values.pop('format', None) != FORMAT:
            raise BundleError(f'it is not a cascade\'s card, expected "format": "{FORMAT}"')
        version = values.pop('format_version', None)
        if version != FORMAT_VERSION or isinstance(version, bool):
            raise BundleError(
                'its card has a format version that is not known here, expected '
                f'{FORMAT_VERSION}, received {version!r}; train it anew, or use the version of '
                'pvs_workflow that wrote it'
            )
        _check_types(values)
        values['preprocessing'] = _preprocessing(values['preprocessing'])
        values['emphasis'] = Emphasis.from_card(values['emphasis'])
        values['calibration'] = Calibration.from_card(values['calibration'])
        values['reference'] = Reference.from_card(values['reference'])
        return cls(**values)


def _parse(text: str) -> dict:
    def refuse(constant):
        raise ValueError(f'it holds {constant}')

    try:
        values = parse_json(text, parse_constant=refuse)
        _check_numbers(values)
    except ValueError as error:
        raise BundleError(f'its card is not valid JSON: {error}') from error
    if not isinstance(values, dict):
        raise BundleError(f'its card must be a JSON object, received a {type(values).__name__}')
    return values


def _check_numbers(values) -> None:
    """Refuse numbers that are no floating-point numbers, at any depth."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        for value in values:
            _check_numbers(value)
    elif isinstance(values, int | float) and not abs(values) <= sys.float_info.max:
        raise ValueError('it holds a number beyond all floating-point numbers')


def _check_types(values: dict) -> None:
    names = {item.name for item in fields(Card)}
    if set(values) != names:
        missing, unknown = sorted(names - set(values)), sorted(set(values) - names)
        raise BundleError(
            f'its card does not have the expected fields, missing {missing}, unknown {unknown}'
        )
    for item in fields(Card):
        expected = str if item.type is str else dict
        if not isinstance(values[item.name], expected):
            raise BundleError(
                f"its card's {item.name} must be a {_NAMES[expected]}, received "
                f'{values[item.name]!r}'
            )
        if item.name in ('name', 'version') and not _is_name(values[item.name]):
            raise BundleError(
                f"its card's {item.name} must be a line of at most {LONGEST_NAME} characters, "
                f'received {values[item.name]!r}'
            )
    architecture, checksums = values['architecture'], values['checksums']
    scale = architecture.get('count_scale')
    if type(scale) not in (int, float) or not scale > 0:
        raise BundleError(f"its card's count_scale must be a number > 0, received {scale!r}")
    if architecture.get('image_shape') != list(IMAGE_SHAPE):
        raise BundleError(
            f'it was made for images of {architecture.get("image_shape")} pixels, expected '
            f'{list(IMAGE_SHAPE)}'
        )
    if set(checksums) != set(WEIGHTS) or not all(map(_is_sha256, checksums.values())):
        raise BundleError(
            f"its card's checksums must be the SHA-256 of {' and '.join(WEIGHTS)}, received "
            f'{checksums}'
        )


_NAMES = {str: 'text', dict: 'JSON object'}


def _is_name(text: str) -> bool:
    return text.isprintable() and len(text) <= LONGEST_NAME


def _is_sha256(value) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set('0123456789abcdef')


def _preprocessing(values: dict) -> Preprocessing:
    kinds = {'upper': (int, float), 'outside': (str,), 'margin': (int,)}
    for name, allowed in kinds.items():
        if name in values and type(values[name]) not in allowed:
            raise BundleError(
                f"its card's preprocessing {name} has the wrong type, received {values[name]!r}"
            )
    return Preprocessing.from_card(values)
