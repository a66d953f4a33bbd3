"""The catalogue of AI servers, as data."""
