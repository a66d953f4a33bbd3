"""Grafana: the dashboards, written in Python, and what brings them there."""
