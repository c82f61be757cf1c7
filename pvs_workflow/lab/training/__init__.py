"""Learning from images with known ePVS, and measuring what was learned."""
