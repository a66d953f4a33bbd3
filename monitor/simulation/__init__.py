"""A simulated host whose true energy is known. It writes real files, which the real collectors read.

`World` is pure and seeded; `HostTree` writes what a kernel would show of it; `SimulatedNvml` stands in for `pynvml`.
"""
