"""What a cascade finds on images whose truth is known, and everything that is told of it."""

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
"""With the true ROI, and with random errors like registration's: as the app would have it."""


@dataclass(frozen=True)
class Findings:
    """Counts of n images.

    Attributes
    ----------
    participants : tuple of n str
        Whose image each is.
    true, counts : (n,) arrays
        Numbers of ePVS: in the true ROI, and as predicted.
    distances : (n,) array
        From the images that the cascade knows.
    unfamiliar : (n,) array of bool
        Farther than any known image should be: the app asks for a review.

    """

    participants: tuple[str, ...]
    true: np.ndarray
    counts: np.ndarray
    distances: np.ndarray
    unfamiliar: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """Absolute errors of the counts."""
        return np.abs(self.counts - self.true)

    def people(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each participant's highest predicted and true count: the grade follows it."""
        names = np.array(self.participants)
        places = [np.flatnonzero(names == name) for name in dict.fromkeys(self.participants)]
        return tuple(
            np.array([values[place].max() for place in places])
            for values in (self.counts, self.true)
        )


@dataclass(frozen=True)
class Evaluation:
    """A cascade's findings on one set of images.

    Attributes
    ----------
    rois : mapping of str to Findings
        For both of ``ROIS``.
    raw, enhanced : tuple of n (Contrast or None)
        Of each image as the cascade gets it with the true ROI, and out of its enhancer; None
        without ePVS or room to measure.
    calibration : Calibration

    """

    rois: Mapping[str, Findings]
    raw: tuple[Contrast | None, ...]
    enhanced: tuple[Contrast | None, ...]
    calibration: Calibration

    def scores(self, roi: str) -> Scores:
        """Return the scores of the counts with one kind of ROI."""
        found = self.rois[roi]
        counts = found.counts, found.true, found.participants
        return score(*counts, self.calibration, found.distances)

    def to_json(self) -> dict:
        """Return plain, rounded values: for each ROI all figures, and the contrast."""
        return {
            **{name: summary(part, self.scores(name)) for name, part in self.rois.items()},
            'contrast': contrast_summary(self.raw, self.enhanced),
        }


def evaluate_cascade(cascade: Cascade, samples: Sequence[Sample], seed: int) -> Evaluation:
    """Count in the six images of participants that a cascade was not trained on.

    The seed is that of the ROI errors. The truth is the number of ePVS in the true ROI for both
    kinds of ROI.
    """
    rng = np.random.default_rng(seed)
    how = cascade.card.preprocessing
    true = np.array([sample.count for sample in samples], float)
    people = tuple(sample.participant for sample in samples)
    images = {
        'true_roi': [plain_image(sample, how).image for sample in samples],
        'roi_errors': [augmented_image(s, how, ROI_ERRORS, rng).image for s in samples],
    }
    found = {name: cascade.predict(np.stack(part)) for name, part in images.items()}
    rois = {}
    for name, prediction in found.items():
        described = describe_images(images[name], prediction.evidence, prediction.counts)
        away = cascade.card.reference.distance(described)
        strange = away > cascade.card.reference.limit
        rois[name] = Findings(people, true, prediction.counts, away, strange)
    regions = [_regions(sample) for sample in samples]
    raw, enhanced = (
        tuple(map(measure_contrast, part, regions))
        for part in (images['true_roi'], found['true_roi'].enhanced)
    )
    return Evaluation(rois, raw, enhanced, cascade.card.calibration)


def summary(found: Findings, scores: Scores) -> dict:
    """Return all figures of one set of counts as plain, rounded values.

    Returns
    -------
    dict
        The fields of :class:`~pvs_workflow.lab.training.scores.Scores`; ``mae_by_grade`` of the
        true grades 0 to 4; ``unfamiliar``, the share of images; and for ``images`` and
        ``participants`` an :class:`~pvs_workflow.lab.evaluation.tables.CountAgreement`.

    """
    return plain(
        {
            **scores.to_card(),
            'mae_by_grade': mean_by_grade(found.errors, potter_grade(found.true)),
            'unfamiliar': float(found.unfamiliar.mean()),
            'images': asdict(compare_counts(found.counts, found.true)),
            'participants': asdict(compare_counts(*found.people())),
        }
    )


def contrast_summary(
    raw: Sequence[Contrast | None], enhanced: Sequence[Contrast | None]
) -> dict[str, dict]:
    """Return mean and standard deviation of the contrast-to-noise ratio, and its gain.

    Returns
    -------
    dict
        ``n_images`` where both could be measured; ``none`` and ``deep`` with ``mean`` and ``sd``
        of ``cnr`` and ``cnr_tissue`` (:mod:`pvs_workflow.lab.evaluation.contrast`); ``gain``,
        the ratio of the means.

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
