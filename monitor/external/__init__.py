"""Services that are bought as an API: what is counted of them, and what it is reckoned with."""
