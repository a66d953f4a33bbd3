"""Empreinte: event-driven environmental-impact monitor for deployed AI services."""
