"""The hardware of this machine as assets: what was detected or configured, with what making it cost."""
