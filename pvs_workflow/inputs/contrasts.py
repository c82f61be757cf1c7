"""Choose a T1w and a FLAIR for a T2w."""

from collections.abc import Mapping, Sequence

from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.inputs.query import BIDSImage
from pvs_workflow.inputs.scan import Scan
from pvs_workflow.inputs.screening import find_fault

CONTRASTS = {'t1w': 'T1w', 'flair': 'FLAIR'}
"""Optional contrasts and their names in messages."""


def make_scan(
    t2w: BIDSImage,
    contrasts: Mapping[str, Sequence[BIDSImage]],
    labels: Sequence[str | None],
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> Scan:
    """Choose the other contrasts of a T2w.

    Parameters
    ----------
    t2w : BIDSImage
    contrasts : mapping of str
        The participant's images, by the keys of :data:`CONTRASTS`.
    labels : sequence of str or None
        All sessions of the participant in order, ``None`` first.
    notes, problems : sequence of str
        Those that the scan has already.

    """
    session = t2w.get('ses')
    notes, problems, chosen = list(notes), list(problems), {}
    for kind, name in CONTRASTS.items():
        image, fault = choose_contrast(contrasts[kind], session, labels)
        chosen[kind] = image and image.path
        problems += [fault] if fault else []
        if image is None:
            notes.append(f'no {name}')
            continue
        number = len(contrasts[kind])
        others = '' if number == 1 else f', one of {number}'
        other_session = '' if image.get('ses') == session else f', of session {image.get("ses")}'
        notes.append(f'{name} {image.path.name}{other_session}{others}')
    return Scan(
        participant=t2w.get('sub'),
        session=session,
        t2w=t2w.path,
        entities=t2w.entities,
        notes=tuple(notes),
        problems=tuple(problems),
        **chosen,
    )


def choose_contrast(
    candidates: Sequence[BIDSImage], session: str | None, labels: Sequence[str | None]
) -> tuple[BIDSImage | None, str]:
    """Return the nearest image that can be read, and what is wrong with the nearest of all.

    ``labels`` are all sessions in order, ``None`` first. The text is empty if the nearest image
    can be read.
    """
    positions = {label: position for position, label in enumerate(labels)}

    def rank(image: BIDSImage) -> tuple:
        position = positions.get(image.get('ses'), 0)
        distance = abs(position - positions.get(session, 0))
        return distance, position, natural_key(image.get('run')), natural_key(image.path.name)

    problem = ''
    for image in sorted(candidates, key=rank):
        fault = find_fault(image.path)
        if not fault:
            return image, problem
        problem = problem or f'{image.path.name} is {fault}'
    return None, problem
