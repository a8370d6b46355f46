"""Run all benchmarks, or those named: ``python -m benchmarks mobius_peers``."""

import sys
from importlib import import_module

import torch

ALL = ("footprint", "mobius_peers", "shapley_networks", "layer_wise", "path_integral", "expression_series")

torch.set_num_threads(1)
for name in sys.argv[1:] or ALL:
    import_module(f"benchmarks.{name}").run()
    print()
