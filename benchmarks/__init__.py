"""CPU times and ratios of this package and its peers, in one run, on one thread: ``python -m benchmarks``."""
