"""The ledger: what was measured and to whom it belongs, kept in SQL so that it survives and can be restated."""
