"""What the outside may see of the daemon's state."""
