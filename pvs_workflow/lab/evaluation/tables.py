"""Tables 3 and 4 of the paper from the results of a cross-validation."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import bootstrap

from pvs_workflow.lab.evaluation.results import ImageResult
from pvs_workflow.lab.training.scores import plain
from pvs_workflow.science.agreement import (
    Correlation,
    Limits,
    confusion_matrix,
    intraclass_correlation,
    limits_of_agreement,
    weighted_kappa,
)
from pvs_workflow.science.grading import potter_grade

ROIS = {'true_roi': 'predicted_count', 'roi_errors': 'predicted_count_roi_errors'}


@dataclass(frozen=True)
class CountAgreement:
    """Agreement of predicted with true counts of images or participants.

    Attributes
    ----------
    n : int
    mae, mae_sd : float
        Mean and standard deviation of the absolute error of the count.
    accuracy : float
        Share with the correct Potter grade.
    icc : Correlation
        ICC(2,1) of the counts.
    kappa : float
        Kappa of the grades with quadratic weights.
    confusion : list of list of int
        Confusion matrix of the grades 0 to 4: true in rows, predicted in columns.
    limits : Limits
        Bland–Altman, predicted − true.

    """

    n: int
    mae: float
    mae_sd: float
    accuracy: float
    icc: Correlation
    kappa: float
    confusion: list[list[int]]
    limits: Limits


def contrast_table(results: Sequence[ImageResult]) -> dict[str, dict]:
    """Return the paper's table 3: mean and standard deviation of the contrast-to-noise ratio.

    Returns
    -------
    dict
        For each enhancement ``n_images``, and ``mean`` and ``sd`` of ``cnr`` and
        ``cnr_tissue`` (see :mod:`pvs_workflow.lab.evaluation.contrast`).

    """
    out = {}
    for method, part in by_method(results).items():
        measured = [result for result in part if result.cnr is not None]
        out[method] = {'n_images': len(measured)}
        for name in ('cnr', 'cnr_tissue'):
            out[method][name] = mean_and_sd([getattr(result, name) for result in measured])
    return plain(out)


def mean_and_sd(values: Sequence[float]) -> dict[str, float | None]:
    """Return ``mean`` and sample standard deviation ``sd``; None with too few values."""
    return {
        'mean': float(np.mean(values)) if len(values) else None,
        'sd': float(np.std(values, ddof=1)) if len(values) > 1 else None,
    }


def counting_table(results: Sequence[ImageResult]) -> dict[str, dict]:
    """Return the paper's table 4, with additional measures of agreement.

    Returns
    -------
    dict
        A :class:`CountAgreement` as plain values for each enhancement, ``true_roi`` and
        ``roi_errors``, ``images`` and ``participants``.

    """
    return plain(
        {
            method: {
                roi: {
                    'images': asdict(compare_counts(*image_counts(part, name))),
                    'participants': asdict(compare_counts(*participant_counts(part, name))),
                }
                for roi, name in ROIS.items()
            }
            for method, part in by_method(results).items()
        }
    )


def difference_table(results: Sequence[ImageResult], reference: str = 'deep') -> dict[str, dict]:
    """Return the differences of the errors between each enhancement and a reference.

    Errors are compared image by image. The bootstrap resamples participants, with all of their
    images.

    Parameters
    ----------
    results : sequence of ImageResult
        Results of the same images for each enhancement.
    reference : str
        Enhancement to compare with. If it has no results, the table is empty.

    Returns
    -------
    dict
        For each other enhancement, for ``true_roi`` and ``roi_errors``: ``value``, the mean
        absolute error minus that of ``reference``, and ``low`` and ``high``, its 95 % interval
        (percentile bootstrap over participants, 9,999 draws).

    """
    parts = by_method(results)
    if reference not in parts:
        return {}
    out = {}
    for method, part in parts.items():
        if method == reference:
            continue
        out[method] = {}
        for roi, name in ROIS.items():
            errors, baseline = (_errors_by_person(p, name) for p in (part, parts[reference]))
            differences = np.array(
                [errors[person] - baseline[person] for person in sorted(baseline)]
            )
            result = bootstrap(
                (differences,), np.mean, method='percentile', rng=np.random.default_rng(1)
            )
            low, high = result.confidence_interval
            out[method][roi] = {'value': differences.mean(), 'low': low, 'high': high}
    return plain(out)


def _errors_by_person(results: Sequence[ImageResult], name: str) -> dict[str, float]:
    people = defaultdict(list)
    for result in results:
        people[result.participant].append(abs(getattr(result, name) - result.true_count))
    return {person: float(np.mean(errors)) for person, errors in people.items()}


def compare_counts(predicted: np.ndarray, true: np.ndarray) -> CountAgreement:
    """Compare (n,) arrays of predicted and true counts ≥ 0."""
    grades, true_grades = potter_grade(predicted), potter_grade(true)
    errors = np.abs(predicted - true)
    return CountAgreement(
        n=len(errors),
        mae=float(errors.mean()),
        mae_sd=float(errors.std(ddof=1)) if len(errors) > 1 else math.nan,
        accuracy=float(np.mean(grades == true_grades)),
        icc=intraclass_correlation(np.stack([predicted, true], axis=1)),
        kappa=weighted_kappa(grades, true_grades),
        confusion=confusion_matrix(grades, true_grades).tolist(),
        limits=limits_of_agreement(predicted, true),
    )


def by_method(results: Sequence[ImageResult]) -> dict[str, list[ImageResult]]:
    """Group results by enhancement, in order of first occurrence."""
    out = defaultdict(list)
    for result in results:
        out[result.method].append(result)
    return dict(out)


def image_counts(
    results: Sequence[ImageResult], name: str = 'predicted_count'
) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted and true counts of the images."""
    predicted = np.array([getattr(result, name) for result in results], float)
    return predicted, np.array([result.true_count for result in results], float)


def participant_counts(
    results: Sequence[ImageResult], name: str = 'predicted_count'
) -> tuple[np.ndarray, np.ndarray]:
    """Return each participant's highest predicted and true count.

    The paper grades a participant by the highest grade of the six images (section 2.6), which is
    the grade of the highest count.
    """
    people = defaultdict(list)
    for result in results:
        people[result.participant].append((getattr(result, name), result.true_count))
    highest = np.array([np.max(people[person], axis=0) for person in sorted(people)], float)
    return highest[:, 0], highest[:, 1]
