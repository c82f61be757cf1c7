"""Rows of grades of several sessions, for comparisons at group level."""

from pvs_workflow.inputs.sessions import SessionOrder


def row(participant, session, count, *, run=None, qc='pass', width=1.0, model='0' * 64):
    """Return a row with an interval of ± ``width`` around the count."""
    name = f'sub-{participant}' + (f'_ses-{session}' if session else '')
    name += f'_run-{run}' if run else ''
    return {
        'participant_id': f'sub-{participant}',
        'session_id': f'ses-{session}' if session else None,
        't2w': f'sub-{participant}/anat/{name}_T2w.nii.gz',
        'potter': 1,
        'count_max': count,
        'count_left': count,
        'count_right': count / 2,
        'count_sum': 3 * count,
        'qc': qc,
        'top_low': count - width,
        'top_high': count + width,
        'model_sha256': model,
    }


def by_label(rows):
    """Return the sessions of all participants in the order of their labels, without dates."""
    sessions = {}
    for participant, session in zip(rows['participant_id'], rows['session_id'], strict=True):
        if isinstance(session, str):
            sessions.setdefault(participant, set()).add(session)
    return {
        participant: SessionOrder(dict.fromkeys(sorted(labels)), 'labels')
        for participant, labels in sessions.items()
    }


def by_time(participant, **times):
    """Return the order of one participant's sessions, from their labels and times."""
    order = sorted(times.items(), key=lambda pair: pair[1])
    return {participant: SessionOrder({f'ses-{label}': time for label, time in order}, 'times')}
