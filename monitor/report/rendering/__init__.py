"""The formats that a report is written in, each made of the document alone."""
