"""Count and grade enlarged perivascular spaces in the basal ganglia of BIDS datasets."""

__version__ = '0.1.0'
