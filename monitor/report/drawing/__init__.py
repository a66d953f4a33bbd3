"""Drawings of a report: plain SVG, the same bytes from the same figures, to be read without colours too."""
