"""A network's weights as plain, named arrays in the safetensors format."""

import numpy as np


def dump_weights(model) -> bytes:
    """Return the weights of a network, without what training left in it.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    bytes
        A safetensors file of float32 arrays, named ``layer/weight``.

    """
    from safetensors.numpy import save

    return save({name: np.asarray(weight) for name, weight in _named_weights(model).items()})


def load_weights(model, content: bytes) -> None:
    """Fill a network with weights; nothing in them can be executed.

    Parameters
    ----------
    model : keras.Model
        As it was built; changed in place.
    content : bytes
        From :func:`dump_weights` of a network of the same architecture.

    Raises
    ------
    ValueError
        If the content is not a safetensors file, or its arrays have other names, shapes or types
        than the network's weights, or are not finite.

    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    weights = _named_weights(model)
    try:
        arrays = load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f'it is not a safetensors file ({error})') from error
    if unlike := sorted(set(arrays) ^ set(weights)):
        raise ValueError(f'its arrays are not those of the network (see {unlike[0]})')
    for name, weight in weights.items():
        array, shape = arrays[name], tuple(weight.shape)
        if (array.dtype, array.shape) != (np.float32, shape):
            raise ValueError(
                f'its {name} must be float32 of shape {shape}, received {array.dtype} of '
                f'{array.shape}'
            )
        if not np.isfinite(array).all():
            raise ValueError(f'its {name} holds NaN or infinity')
        weight.assign(array)


def _named_weights(model) -> dict:
    return {
        f'{layer.name}/{weight.name}': weight for layer in model.layers for weight in layer.weights
    }
