"""Sources of readings, one file each; found through the `monitor.collectors` entry points."""
