"""Train and calibrate cascades on images with known ePVS."""
