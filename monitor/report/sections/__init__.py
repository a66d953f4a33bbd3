"""The sections of a report, a module each: a function that makes it of the material."""
