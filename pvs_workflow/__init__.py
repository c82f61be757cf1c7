"""Count enlarged perivascular spaces in the basal ganglia, from BIDS to Potter grades."""

__version__ = '0.1.0'
