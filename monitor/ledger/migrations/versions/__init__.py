"""One file for each step. Once released, a step does not change."""
