"""How far predicted counts are off: intervals and grade probabilities, from held-out images.

*Intervals* are split conformal prediction, apart for each level of the true count
(label-conditional, "Mondrian": Vovk et al. 2005, *Algorithmic Learning in a Random World*,
section 4.5): a true count belongs to the interval unless the prediction would be unusually far
from it among the calibration images of its own Potter grade. Coverage therefore holds in each
grade, and does not depend on how frequent the grades are in a cohort. What next to no image with
such a prediction had is left out: on difficult images, a crowd of which much may be missed would
else reach down to few.

*Probabilities* need the opposite, the truth given the prediction: the errors of calibration
images with similar predictions (Boström et al. 2021, *Mondrian conformal predictive
distributions*, PMLR 152:24). One person's images err together; :func:`all_below` accounts for it.

Both take errors in units of √(count + 1), as counts scatter, times how much larger errors are on
images as difficult as this one (locally weighted: Lei et al. 2018, J Am Stat Assoc 113:1094,
section 5.2). Undercounting and overcounting grow apart.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.science.grading import UPPER_COUNTS
from pvs_workflow.uncertainty.conformal import (
    fit_ends,
    fit_growth,
    fit_residuals,
    growth_at,
)
from pvs_workflow.uncertainty.copula import LARGEST_CORRELATION, all_below, shared_correlation

_COUNTS = np.arange(1000.0)
"""True counts that an interval is searched among: more than any image could show."""


@dataclass(frozen=True)
class Calibration:
    """Quantiles of normalised errors on the calibration images.

    Attributes
    ----------
    coverage : float
        Share of images whose true count the interval should hold.
    levels : tuple of int
        The smallest true count of each level; the first is 0.
    low, high : tuple of float
        Of each level, the ends of (predicted − true) / √(true + 1); ``low ≤ 0 ≤ high``.
    centres : tuple of float
        Predicted counts at which ``residuals`` are known, rising.
    residuals : tuple of tuples of float
        For each of them, evenly spaced quantiles of (true − predicted) / √(predicted + 1).
    correlation : float
        Between the errors of one person's images.
    difficulty : tuple of float
        Difficulties at which the growth of errors is known, rising.
    under, over : tuple of float
        At each of them, how much larger than on easy images under- and overcounting is, ≥ 1.
    n_images : int
        Calibration images behind it.

    """

    coverage: float
    levels: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    centres: tuple[float, ...]
    residuals: tuple[tuple[float, ...], ...]
    correlation: float
    difficulty: tuple[float, ...]
    under: tuple[float, ...]
    over: tuple[float, ...]
    n_images: int

    def interval(self, counts, difficulty=None) -> tuple[np.ndarray, np.ndarray]:
        """Return the prediction interval of each count.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
        difficulty : (n,) array, optional
            Of each image; without it, images are taken as of middling difficulty.

        Returns
        -------
        low, high : (n,) arrays
            ``0 <= low <= count <= high``; whole numbers, unless the count itself is the end.

        """
        counts = _checked(counts)
        under, over = (part[:, np.newaxis] for part in self._growth(difficulty, counts.size))
        level = np.searchsorted(self.levels, _COUNTS, side='right') - 1
        scale = np.sqrt(_COUNTS + 1)
        least = _COUNTS + np.array(self.low)[level] * scale * under
        most = _COUNTS + np.array(self.high)[level] * scale * over
        # More ePVS never make a prediction less likely to be high: wider where levels meet.
        least = np.minimum.accumulate(least[:, ::-1], axis=1)[:, ::-1]
        most = np.maximum.accumulate(most, axis=1)
        first = np.argmax(most >= counts[:, np.newaxis], axis=1)
        last = _COUNTS.size - 1 - np.argmax((least <= counts[:, np.newaxis])[:, ::-1], axis=1)
        fewest, most_here = self._believable(counts, under[:, 0], over[:, 0])
        low, high = np.maximum(_COUNTS[first], fewest), np.minimum(_COUNTS[last], most_here)
        return np.minimum(low, counts), np.maximum(high, counts)

    def below(self, counts, limit: float, difficulty=None) -> np.ndarray:
        """Return the probability that each true count is less than a limit.

        Parameters
        ----------
        counts : (n,) array
            Predicted, ≥ 0.
        limit : float or (n,) array
        difficulty : (n,) array, optional

        Returns
        -------
        (n,) array of float, in [0, 1]
            0 and 1 beyond the errors ever seen.

        """
        counts = _checked(counts)
        under, over = self._growth(difficulty, counts.size)
        z = (limit - counts) / np.sqrt(counts + 1)
        z = np.where(z > 0, z / under, z / over)
        errors = self._errors(counts)
        steps = (np.arange(errors.shape[1]) + 0.5) / errors.shape[1]
        pairs = zip(z, errors, strict=True)
        return np.array([np.interp(at, row, steps, left=0.0, right=1.0) for at, row in pairs])

    def grade_probabilities(self, counts, difficulty=None) -> np.ndarray:
        """Return the probability of each Potter grade of a person.

        The person's grade is the highest of the images', so P(grade ≤ g) is the probability that
        all images' counts stay below g's upper limit. Limits lie half-way between whole counts,
        where ``potter_grade`` rounds.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
            Predicted counts of a person's images (six), in any order.
        difficulty : (n,) array, optional

        Returns
        -------
        (5,) array of float
            Of grades 0 to 4; sums to 1.

        """
        each = np.array([self.below(counts, upper + 0.5, difficulty) for upper in UPPER_COUNTS])
        # Sorted: the last digits of a product depend on the order of its factors.
        at_most = np.maximum.accumulate(all_below(np.sort(each, axis=1), self.correlation))
        return np.diff([0.0, *at_most, 1.0])

    def to_card(self) -> dict:
        """Return plain values for a card."""
        values = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}
        return values | {'residuals': [list(row) for row in self.residuals]}

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
        if not _usable(values):
            raise BundleError(
                "the cascade's card has an unusable calibration, expected finite numbers with "
                '0 < coverage < 1, low ≤ 0 ≤ high, growth ≥ 1, and rising levels, centres, '
                f'residuals and difficulties, received {dict(values)}'
            )
        rows = tuple(tuple(map(float, row)) for row in values['residuals'])
        lists = {n: tuple(v) for n, v in values.items() if isinstance(v, list)}
        return cls(**{**values, **lists, 'residuals': rows})

    def _errors(self, counts: np.ndarray) -> np.ndarray:
        """Return the quantiles of errors around each prediction, (n, m), rising."""
        table = np.array(self.residuals)
        return np.stack([np.interp(counts, self.centres, part) for part in table.T], axis=1)

    def _believable(self, counts, under, over) -> tuple[np.ndarray, np.ndarray]:
        """Return the whole numbers beyond which next to no truth lay, given such predictions."""
        errors, scale = self._errors(counts), np.sqrt(counts + 1)
        return (
            np.floor(counts + np.minimum(errors[:, 0], 0) * scale * over),
            np.ceil(counts + np.maximum(errors[:, -1], 0) * scale * under),
        )

    def _growth(self, difficulty, n: int) -> tuple[np.ndarray, np.ndarray]:
        if difficulty is None:
            difficulty = np.full(n, self.difficulty[len(self.difficulty) // 2])
        difficulty = _checked_difficulty(difficulty, n)
        return tuple(growth_at(difficulty, self.difficulty, g) for g in (self.under, self.over))


def fit_calibration(
    predicted, true, coverage: float = 0.9, *, participants=None, difficulty=None
) -> Calibration:
    """Fit intervals and probabilities on images that were held out of training.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
        Counts of the calibration images.
    coverage : float, in (0, 1)
    participants : sequence of n, optional
        Whose image each is; where the same person was imaged or varied repeatedly, each time
        has its own. Without it, errors are taken as independent.
    difficulty : (n,) array, optional
        What is known of an image before it is counted and may go with larger errors, such as
        its distance from familiar images; of calibration images, measured as if they were new.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If the arrays are empty, differ in length or hold unusable values.

    Examples
    --------
    >>> calibration = fit_calibration(np.full(19, 3.0), np.full(19, 3))
    >>> [ends.tolist() for ends in calibration.interval([3.0, 4.5])]
    [[3.0, 4.5], [3.0, 4.5]]

    """
    predicted, true = _checked(predicted), _checked(true)
    if predicted.shape != true.shape or predicted.size == 0:
        raise ValueError(
            'predicted and true must be two lists of one length ≥ 1, received shapes '
            f'{predicted.shape} and {true.shape}'
        )
    if not 0 < coverage < 1:
        raise ValueError(f'coverage must lie between 0 and 1, received {coverage}')
    if difficulty is not None:
        difficulty = _checked_difficulty(difficulty, true.size)
    participants = range(true.size) if participants is None else list(participants)
    if len(participants) != true.size:
        raise ValueError(
            f'participants must be {true.size}, one per count, received {len(participants)}'
        )
    growth = fit_growth(predicted, true, difficulty)
    levels, low, high = fit_ends(predicted, true, 1 - coverage, growth, difficulty)
    centres, residuals = fit_residuals(predicted, true, growth, difficulty)
    ends = (levels, _rounded(low), _rounded(high), _rounded(centres))
    rows = tuple(map(_rounded, residuals))
    found = Calibration(coverage, *ends, rows, 0.0, *map(_rounded, growth), true.size)
    # The truth's place in its predicted distribution, in the middle of a whole number's step.
    above, under = (found.below(predicted, true + half, difficulty) for half in (0.5, -0.5))
    correlation = shared_correlation((above + under) / 2, participants)
    return replace(found, correlation=round(correlation, 4))


def _usable(values: Mapping) -> bool:
    names = ('levels', 'low', 'high', 'centres', 'residuals', 'difficulty', 'under', 'over')
    lists = [values[name] for name in names]
    if not all(isinstance(part, list) and part for part in lists):
        return False
    levels, low, high, centres, rows, difficulty, under, over = lists
    if not all(isinstance(row, list) and row for row in rows):
        return False
    numbers = [values['coverage'], values['correlation'], values['n_images']]
    numbers += [number for part in lists for number in part if part is not rows]
    numbers += [number for row in rows for number in row]
    return (
        all(type(number) in (int, float) and np.isfinite(number) for number in numbers)
        and 0 < values['coverage'] < 1
        and 0 <= values['correlation'] <= LARGEST_CORRELATION
        and levels[0] == 0
        and all(part == sorted(set(part)) for part in (levels, centres, difficulty))
        and all(row == sorted(row) and len(row) == len(rows[0]) for row in rows)
        and len(levels) == len(low) == len(high)
        and len(centres) == len(rows)
        and len(difficulty) == len(under) == len(over)
        and max(low) <= 0 <= min(high)
        and min(*under, *over, 1) >= 1
    )


def _rounded(values) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


def _checked(counts) -> np.ndarray:
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 1 or not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError(f'counts must be a list of finite numbers ≥ 0, received {counts}')
    return counts


def _checked_difficulty(difficulty, n: int) -> np.ndarray:
    difficulty = np.asarray(difficulty, float)
    if difficulty.shape != (n,) or not np.isfinite(difficulty).all():
        raise ValueError(
            f'difficulty must be {n} finite numbers, one per count, received {difficulty}'
        )
    return difficulty
