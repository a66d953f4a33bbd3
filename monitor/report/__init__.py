"""What the ledger says of a year, as a typed report, and the files it is written to. Reads no clock and no database."""
