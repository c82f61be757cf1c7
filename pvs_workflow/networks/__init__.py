"""The two networks, their bundle, and what they know of their own errors."""
