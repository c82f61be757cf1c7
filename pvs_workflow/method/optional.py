"""Steps on optional images, whose errors must not prevent the grade of the T2w."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.method.saved import Saved, Unusable


def attempt(
    step: Callable, arguments: Mapping, failure: str = '', errors: type[Exception] = PVSError
) -> Saved:
    """Run a step on an optional image, and return why if the image cannot be used.

    Parameters
    ----------
    step : callable
    arguments : mapping
        Arguments of the step by name. ``source`` is the file of the image, or ``moving`` the
        image.
    failure : str
        Why an earlier attempt failed; the step is then not run.
    errors : class of exceptions
        Errors that make the image unusable; others are raised.

    Returns
    -------
    Saved
        The result of the step, or :class:`Unusable` if there is an error or an argument is
        unusable.

    """
    for value in arguments.values():
        if isinstance(value, Unusable):
            return value
    name = Path(getattr(arguments.get('moving'), 'name', arguments.get('source', ''))).name
    try:
        if failure:
            raise PVSError(failure)
        return step(**arguments)
    except errors as error:
        reason = str(error) if isinstance(error, PVSError) else f'{type(error).__name__}: {error}'
        cannot = '' if reason.startswith(name) else f'{name} cannot be used: '
        return Unusable(one_line(cannot + reason))
