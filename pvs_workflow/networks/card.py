"""The card of a cascade: description, parameters and checksums in a bundle."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin

from pvs_workflow.errors import BundleError
from pvs_workflow.files import parse_json
from pvs_workflow.networks.counter import COUNT_SCALE, CounterArchitecture
from pvs_workflow.networks.enhancer import EnhancerArchitecture
from pvs_workflow.science.emphasis import Emphasis
from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.slices import IMAGE_SHAPE
from pvs_workflow.uncertainty.calibration import Calibration
from pvs_workflow.uncertainty.in_distribution import ImageReference

FORMAT = 'pvs_workflow cascade'
FORMAT_VERSION = 4
"""Version of the format; 1 had a single calibration and no reference, 2 had no emphasis."""

KERAS_VERSION = 3
"""Version with keras files as weights, which ``scripts/convert_bundle.py`` converts."""

MAX_NAME = 100
"""Maximum length of a cascade's name and version, which all tables contain."""

LICENCE = 'Apache-2.0'
WEIGHTS = ('enhancer.safetensors', 'counter.safetensors')
INTENDED_USE = (
    'Research on enlarged perivascular spaces (ePVS): counting them in the basal ganglia on '
    'axial T2-weighted MRI of adults.'
)
LIMITATIONS = 'Trained on simulated ePVS; not a medical device.'

_WORDS = {str: 'text', bool: 'true or false', int: 'a whole number', float: 'a number'}


@dataclass(frozen=True)
class Architecture:
    """Architecture of both networks.

    Attributes
    ----------
    image_shape : tuple of int
        80 × 96.
    count_scale : float, > 0
        Number of ePVS that a counter output of 1 corresponds to.
    enhancer : EnhancerArchitecture
    counter : CounterArchitecture

    """

    image_shape: tuple[int, ...] = IMAGE_SHAPE
    count_scale: float = COUNT_SCALE
    enhancer: EnhancerArchitecture = field(default_factory=EnhancerArchitecture)
    counter: CounterArchitecture = field(default_factory=CounterArchitecture)

    def __post_init__(self):
        if self.image_shape != IMAGE_SHAPE:
            raise ValueError(f'image_shape must be {IMAGE_SHAPE}, received {self.image_shape}')
        if not self.count_scale > 0:
            raise ValueError(f'count_scale must be > 0, received {self.count_scale}')


@dataclass(frozen=True)
class Card:
    """Description and parameters of a cascade, without its weights.

    Attributes
    ----------
    name, version : str
    architecture : Architecture
    preprocessing : Preprocessing
        Scaling and blanking of its input images.
    emphasis : Emphasis
        Weight of the evidence in enhanced images.
    training : dict
        Data, seed, command, settings and durations of the training.
    metrics : dict
        Performance on held-out participants.
    calibration : Calibration
    reference : ImageReference
        Distribution of the calibration images.
    versions : dict of str
        Software versions at training.
    checksums : dict of str
        SHA-256 of each weights file.
    licence, intended_use, limitations : str

    """

    name: str
    version: str
    architecture: Architecture
    preprocessing: Preprocessing
    emphasis: Emphasis
    training: Mapping
    metrics: Mapping
    calibration: Calibration
    reference: ImageReference
    versions: Mapping
    checksums: Mapping = field(default_factory=dict)
    licence: str = LICENCE
    intended_use: str = INTENDED_USE
    limitations: str = LIMITATIONS

    @property
    def label(self) -> str:
        """Name and version, as written to tables."""
        return f'{self.name} {self.version}'

    @property
    def count_scale(self) -> float:
        """Number of ePVS that a counter output of 1 corresponds to."""
        return self.architecture.count_scale

    def to_json(self) -> str:
        """Return the card as JSON text, keys in a fixed order."""
        values = {'format': FORMAT, 'format_version': FORMAT_VERSION, **asdict(self)}
        return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + '\n'

    @classmethod
    def from_json(cls, text: str) -> 'Card':
        """Read a card.

        Raises
        ------
        BundleError
            If the text is not a JSON object or not a card, has another format version, or has a
            missing, unknown, ill-typed or invalid field.

        """
        try:
            card = read_typed(cls, _parse(text), 'its card')
            _check_names(card)
        except ValueError as error:
            raise BundleError(str(error)) from error
        return card


def _parse(text: str) -> dict:
    """Check format and version of a card, and return its other values."""
    try:
        values = parse_finite_json(text)
    except ValueError as error:
        raise ValueError(f'its card is not valid JSON: {error}') from error
    if not isinstance(values, dict) or values.pop('format', None) != FORMAT:
        raise ValueError(f'its card does not have "format": "{FORMAT}"')
    version = values.pop('format_version', None)
    if type(version) is not int or version != FORMAT_VERSION:
        hint = 'train it again, or use the version of pvs_workflow that wrote it'
        if version == KERAS_VERSION:
            hint = 'convert the bundle with scripts/convert_bundle.py'
        raise ValueError(
            f'its card has format version {version!r}, expected {FORMAT_VERSION}; {hint}'
        )
    return values


def _check_names(card: Card) -> None:
    for text in (card.name, card.version):
        if not (text.isprintable() and len(text) <= MAX_NAME):
            raise ValueError(
                f'its name and version must be one line of at most {MAX_NAME} characters, '
                f'received {text!r}'
            )
    if set(card.checksums) != set(WEIGHTS):
        raise ValueError(f'its card must hold the checksums of {" and ".join(WEIGHTS)}')


def read_typed(kind: type, value: Any, name: str):
    """Convert a JSON value to the type of an annotation.

    Parameters
    ----------
    kind : type
        str, bool, int, float, Mapping (a JSON object that stays a dict), ``tuple[kind, ...]`` (a
        list), or a dataclass (a JSON object with exactly its fields).
    value : object
        From :func:`parse_finite_json`.
    name : str
        Name of the value in error messages.

    Raises
    ------
    ValueError
        If the value has another type, or missing, unknown or invalid fields.

    Examples
    --------
    >>> read_typed(tuple[float, ...], [1, 2.5], 'low')
    (1.0, 2.5)
    >>> read_typed(tuple[int, ...], [1, '2'], 'levels')
    Traceback (most recent call last):
    ValueError: levels[1] must be a whole number, received '2'

    """
    if is_dataclass(kind):
        return _read_dataclass(kind, value, name)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ValueError(f'{name} must be a list, received {value!r}')
        item = get_args(kind)[0]
        return tuple(read_typed(item, one, f'{name}[{i}]') for i, one in enumerate(value))
    if kind is Mapping:
        return _check_object(value, name)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f'{name} must be {_WORDS[kind]}, received {value!r}')
    return value


def _read_dataclass(kind: type, value: Any, name: str):
    names = {field.name for field in fields(kind)}
    if different := sorted(names ^ set(_check_object(value, name))):
        raise ValueError(f'{name} has missing or unknown fields: {", ".join(different)}')
    values = {
        field.name: read_typed(field.type, value[field.name], f'{name}.{field.name}')
        for field in fields(kind)
    }
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f'{name}: {error}') from error


def _check_object(value: Any, name: str) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{name} must be a JSON object, received {value!r}')
    return value


def parse_finite_json(text: str):
    """Parse JSON text.

    Raises
    ------
    ValueError
        If it is not valid, or a number is not finite (above 1.8e308).

    """
    return parse_json(text, parse_constant=_finite, parse_float=_finite, parse_int=_finite_int)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f'the number {text[:20]} is not finite')
    return number


def _finite_int(text: str) -> int:
    _finite(text)
    return int(text)
