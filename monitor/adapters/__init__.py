"""One file for each outside part that several of ours call."""
