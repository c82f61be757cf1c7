"""Rows of grades of several sessions, for comparisons at group level."""


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


def by_label(participant, labels):
    """Return sessions in the order of their labels, without dates."""
    return dict.fromkeys(sorted(labels))
