"""Factors as data, one folder for each set, and what reads them."""
