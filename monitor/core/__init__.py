"""The pure middle: no IO, no clock, no logging, no third-party import."""
