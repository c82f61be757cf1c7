"""The neural networks, and the cascade bundle that stores two of them."""
