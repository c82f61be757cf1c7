"""Reading frozen dataclasses from JSON, each value checked against its field's annotation."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from pvs_workflow.files import parse_json

_WORDS = {str: 'text', bool: 'true or false', int: 'a whole number', float: 'a number'}


def read_typed(kind: type, value: Any, name: str):
    """Return a value of JSON as the type that an annotation asks for.

    Parameters
    ----------
    kind : type
        str, bool, int, float, Mapping (an object that stays a dict), ``tuple[kind, ...]`` (a
        list), or a dataclass (an object with exactly its fields).
    value : object
        From :func:`parse_finite_json`.
    name : str
        What errors call the value.

    Raises
    ------
    ValueError
        If the value has another type, or a dataclass refuses its fields' values.

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
    if unlike := sorted(names ^ set(_check_object(value, name))):
        raise ValueError(f'{name} has missing or unknown fields: {", ".join(unlike)}')
    parts = {
        field.name: read_typed(field.type, value[field.name], f'{name}.{field.name}')
        for field in fields(kind)
    }
    try:
        return kind(**parts)
    except ValueError as error:
        raise ValueError(f'{name}: {error}') from error


def _check_object(value: Any, name: str) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{name} must be a JSON object, received {value!r}')
    return value


def check_range(name: str, value: float, least: float, most: float) -> None:
    """Raise ValueError for a field of a dataclass that is out of its range."""
    if not least <= value <= most:
        raise ValueError(f'{name} must be {least} to {most}, received {value}')


def parse_finite_json(text: str):
    """Parse JSON in which every number is a finite floating-point number.

    Raises
    ------
    ValueError
        If it is not JSON, or holds NaN, infinity or a number beyond 1.8e308.

    """
    return parse_json(text, parse_constant=_finite, parse_float=_finite, parse_int=_finite_int)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f'it holds the number {text[:20]}, which is not finite')
    return number


def _finite_int(text: str) -> int:
    _finite(text)
    return int(text)
