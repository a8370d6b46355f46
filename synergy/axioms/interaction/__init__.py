"""The axioms of interactions, one per file; importing this package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

for _file in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_file}")
