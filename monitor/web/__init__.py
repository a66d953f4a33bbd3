"""What the daemon serves over HTTP: metrics, health, the status page."""
