"""The formats in which others exchange such figures, a module each: pure functions of the report's material."""
