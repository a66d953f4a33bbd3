"""Events that others send of what was asked of AI services: read, cleaned, and kept until the ledger has them."""
