"""Who is told of events: a queue on disk, and for each address a thread that sends what is in it."""
