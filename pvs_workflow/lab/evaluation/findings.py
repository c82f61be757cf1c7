"""Evaluate a cascade on images with known truth: counts, distances, contrast and summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pvs_workflow.lab.evaluation.contrast import Contrast, find_regions, measure_contrast
from pvs_workflow.lab.evaluation.tables import compare_counts, mean_and_sd
from pvs_workflow.lab.training.augment import ROI_ERRORS, augmented_image, plain_image
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.lab.training.scores import Scores, mean_by_grade, plain, score
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.science.grading import potter_grade
from pvs_workflow.uncertainty.calibration import Calibration
from pvs_workflow.uncertainty.image_statistics import describe_images

ROIS = ('true_roi', 'roi_errors')
"""The true ROI, and the ROI with random errors similar to those of registration in the app."""


@dataclass(frozen=True)
class Findings:
    """Counts of n images.

    Attributes
    ----------
    participants : tuple of n str
        Participant of each image.
    true, counts : (n,) arrays
        True number of ePVS in the true ROI, and predicted number.
    distances : (n,) array
        Distance of each image from the calibration images.
    out_of_distribution : (n,) array of bool
        Whether the distance exceeds the limit, for which the app requests a review.

    """

    participants: tuple[str, ...]
    true: np.ndarray
    counts: np.ndarray
    distances: np.ndarray
    out_of_distribution: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """Absolute errors of the counts."""
        return np.abs(self.counts - self.true)

    def participant_counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each participant's highest predicted and true count, which give the grade."""
        names = np.array(self.participants)
        groups = [np.flatnonzero(names == name) for name in dict.fromkeys(self.participants)]
        return tuple(
            np.array([values[rows].max() for rows in groups])
            for values in (self.counts, self.true)
        )


@dataclass(frozen=True)
class Evaluation:
    """Results of a cascade on one set of images.

    Attributes
    ----------
    rois : mapping of str to Findings
        Findings for each of ``ROIS``.
    raw, enhanced : tuple of n (Contrast or None)
        Contrast of each image with the true ROI before and after enhancement; None without ePVS
        or with too few pixels to measure it.
    calibration : Calibration

    """

    rois: Mapping[str, Findings]
    raw: tuple[Contrast | None, ...]
    enhanced: tuple[Contrast | None, ...]
    calibration: Calibration

    def scores(self, roi: str) -> Scores:
        """Return the scores of the counts with one kind of ROI."""
        findings = self.rois[roi]
        counts = findings.counts, findings.true, findings.participants
        return score(*counts, self.calibration, findings.distances)

    def to_json(self) -> dict:
        """Return plain, rounded values: the summary for each ROI, and the contrast."""
        return {
            **{name: summary(part, self.scores(name)) for name, part in self.rois.items()},
            'contrast': contrast_summary(self.raw, self.enhanced),
        }


def evaluate_cascade(cascade: Cascade, samples: Sequence[Sample], seed: int) -> Evaluation:
    """Evaluate a cascade on the six images of participants that it was not trained on.

    The seed is that of the ROI errors. For both kinds of ROI, the true count is the number of
    ePVS in the true ROI.
    """
    rng = np.random.default_rng(seed)
    preprocessing = cascade.card.preprocessing
    true = np.array([sample.count for sample in samples], float)
    people = tuple(sample.participant for sample in samples)
    images = {
        'true_roi': [plain_image(sample, preprocessing).image for sample in samples],
        'roi_errors': [augmented_image(s, preprocessing, ROI_ERRORS, rng).image for s in samples],
    }
    predictions = {name: cascade.predict(np.stack(part)) for name, part in images.items()}
    rois = {}
    for name, prediction in predictions.items():
        statistics = describe_images(images[name], prediction.evidence, prediction.counts)
        distances = cascade.card.reference.distance(statistics)
        outside = distances > cascade.card.reference.limit
        rois[name] = Findings(people, true, prediction.counts, distances, outside)
    regions = [_regions(sample) for sample in samples]
    raw, enhanced = (
        tuple(map(measure_contrast, part, regions))
        for part in (images['true_roi'], predictions['true_roi'].enhanced)
    )
    return Evaluation(rois, raw, enhanced, cascade.card.calibration)


def summary(findings: Findings, scores: Scores) -> dict:
    """Return the measures of one set of counts as plain, rounded values.

    Returns
    -------
    dict
        The fields of :class:`~pvs_workflow.lab.training.scores.Scores`; ``mae_by_grade`` for the
        true grades 0 to 4; ``unfamiliar``, the share of images out of distribution; ``images``
        and ``participants``, each a
        :class:`~pvs_workflow.lab.evaluation.tables.CountAgreement`.

    """
    return plain(
        {
            **scores.to_card(),
            'mae_by_grade': mean_by_grade(findings.errors, potter_grade(findings.true)),
            'unfamiliar': float(findings.out_of_distribution.mean()),
            'images': asdict(compare_counts(findings.counts, findings.true)),
            'participants': asdict(compare_counts(*findings.participant_counts())),
        }
    )


def contrast_summary(
    raw: Sequence[Contrast | None], enhanced: Sequence[Contrast | None]
) -> dict[str, dict]:
    """Return mean and standard deviation of the contrast-to-noise ratio, and its gain.

    Returns
    -------
    dict
        ``n_images``, the number of images in which both could be measured; ``none`` and ``deep``
        with ``mean`` and ``sd`` of ``cnr`` and ``cnr_tissue``
        (:mod:`pvs_workflow.lab.evaluation.contrast`); ``gain``, the ratio of the means.

    """
    pairs = [pair for pair in zip(raw, enhanced, strict=True) if None not in pair]
    out: dict[str, dict] = {'n_images': len(pairs), 'none': {}, 'deep': {}, 'gain': {}}
    for name in ('cnr', 'cnr_tissue'):
        for index, method in enumerate(('none', 'deep')):
            out[method][name] = mean_and_sd([getattr(pair[index], name) for pair in pairs])
        means = [out[method][name]['mean'] for method in ('deep', 'none')]
        out['gain'][name] = float(np.divide(*means)) if pairs else None
    return plain(out)


def _regions(sample: Sample):
    _, roi, labels = sample.cut()
    return find_regions(labels > 0, roi)
