"""The real parts that tests start: each on loopback, each ended by the id of the process that was started."""
