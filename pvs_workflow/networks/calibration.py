"""How far predicted counts are off: intervals and grade probabilities, from held-out images.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018, J Am Stat Assoc 113:1094): the
errors on images that the cascade was not trained on, divided by the square root of the count
(counts scatter like that), give the quantiles that later intervals use.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.science.grading import UPPER_COUNTS

N_RESIDUALS = 199
"""Residuals that a card keeps of the calibration images: quantiles in steps of 1/200."""


@dataclass(frozen=True)
class Calibration:
    """Quantiles of the normalised error, (true − predicted) / √(predicted + 1).

    Attributes
    ----------
    coverage : float
        Share of images whose true count the interval should hold.
    low, high : float
        The interval's ends, as normalised errors.
    residuals : tuple of float
        Evenly spaced quantiles of the normalised error, rising: its distribution.
    n_images : int
        Calibration images behind it.

    """

    coverage: float
    low: float
    high: float
    residuals: tuple[float, ...]
    n_images: int

    def interval(self, counts) -> tuple[np.ndarray, np.ndarray]:
        """Return the prediction interval of each count.

        Parameters
        ----------
        counts : array, ≥ 0

        Returns
        -------
        low, high : arrays of the same shape
            ``0 <= low <= count <= high``.

        Examples
        --------
        >>> low, high = Calibration(0.9, -2.0, 1.0, (-2.0, 0.0, 1.0), 3).interval([0.0, 8.0])
        >>> low.tolist(), high.tolist()
        ([0.0, 2.0], [1.0, 11.0])

        """
        counts = _checked(counts)
        scale = np.sqrt(counts + 1)
        return (
            np.maximum(counts + min(self.low, 0.0) * scale, 0.0),
            counts + max(self.high, 0.0) * scale,
        )

    def below(self, count, limit: float) -> np.ndarray:
        """Return the probability that the true count is less than a limit.

        Parameters
        ----------
        count : array
            Predicted, ≥ 0.
        limit : float

        Returns
        -------
        array of float, in [0, 1]

        """
        counts = _checked(count)
        z = (limit - counts) / np.sqrt(counts + 1)
        return np.searchsorted(self.residuals, z, side='left') / len(self.residuals)

    def grade_probabilities(self, counts) -> np.ndarray:
        """Return the probability of each Potter grade of a person.

        The person's grade is the highest of the images', so P(grade ≤ g) is the product of the
        images' P(count < upper limit of g). This takes the images' errors to be independent;
        within one person they are not quite, which makes high grades look likelier than they
        are. Limits lie half-way between whole counts, where ``potter_grade`` rounds.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
            Predicted counts of a person's images (six).

        Returns
        -------
        (5,) array of float
            Of grades 0 to 4; sums to 1.

        Examples
        --------
        >>> exact = Calibration(0.9, 0.0, 0.0, (0.0,), 1)
        >>> exact.grade_probabilities([3.0, 10.5, 9.0]).tolist()
        [0.0, 0.0, 1.0, 0.0, 0.0]

        """
        at_most = [np.prod(self.below(counts, upper + 0.5)) for upper in UPPER_COUNTS]
        return np.diff([0.0, *at_most, 1.0])

    def to_card(self) -> dict:
        """Return plain values for a card."""
        return asdict(self) | {'residuals': list(self.residuals)}

    @classmethod
    def from_card(cls, values: Mapping) -> 'Calibration':
        """Read from a card; refuse what cannot be a calibration."""
        known = set(cls.__dataclass_fields__)
        if not isinstance(values, Mapping) or set(values) != known:
            received = sorted(values) if isinstance(values, Mapping) else type(values).__name__
            raise BundleError(
                f"the cascade's card has the calibration {received}, expected the fields "
                f'{sorted(known)}'
            )
        residuals = values['residuals']
        numbers = [values['coverage'], values['low'], values['high'], values['n_images']]
        numbers += residuals if isinstance(residuals, list) else [None]
        usable = (
            all(type(number) in (int, float) and np.isfinite(number) for number in numbers)
            and residuals
            and residuals == sorted(residuals)
            and 0 < values['coverage'] < 1
            and values['low'] <= values['high']
        )
        if not usable:
            raise BundleError(
                "the cascade's card has an unusable calibration, expected finite numbers with "
                f'0 < coverage < 1, low ≤ high and rising residuals, received {dict(values)}'
            )
        return cls(**{**values, 'residuals': tuple(float(value) for value in residuals)})


def fit_calibration(predicted, true, coverage: float = 0.9) -> Calibration:
    """Fit intervals on images that were held out of training.

    Each tail gets half of what the coverage leaves, with the (n + 1) correction that makes the
    coverage hold on average for any sample size; too few images for a tail give its extreme.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
        Counts of the calibration images.
    coverage : float, in (0, 1)

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If the arrays are empty, differ in length or hold negative or non-finite values.

    Examples
    --------
    >>> calibration = fit_calibration(np.zeros(99), np.arange(99))
    >>> calibration.low, calibration.high
    (4.0, 94.0)

    """
    predicted, true = _checked(predicted), _checked(true)
    if predicted.shape != true.shape or predicted.ndim != 1 or predicted.size == 0:
        raise ValueError(
            'predicted and true must be two lists of one length ≥ 1, received shapes '
            f'{predicted.shape} and {true.shape}'
        )
    if not 0 < coverage < 1:
        raise ValueError(f'coverage must lie between 0 and 1, received {coverage}')
    residuals = np.sort((true - predicted) / np.sqrt(predicted + 1))
    n, tail = residuals.size, (1 - coverage) / 2
    # The 1e-9 keeps 0.05 * 100 from becoming 5.000000000000004.
    first = max(int(np.floor((n + 1) * tail + 1e-9)), 1)
    last = min(int(np.ceil((n + 1) * (1 - tail) - 1e-9)), n)
    kept = min(n, N_RESIDUALS)
    grid = np.quantile(residuals, (np.arange(kept) + 0.5) / kept, method='inverted_cdf')
    return Calibration(
        coverage,
        round(float(residuals[first - 1]), 6),
        round(float(residuals[last - 1]), 6),
        tuple(round(float(value), 6) for value in grid),
        n,
    )


def _checked(counts) -> np.ndarray:
    counts = np.asarray(counts, dtype=float)
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError('counts must be finite and ≥ 0')
    return counts
