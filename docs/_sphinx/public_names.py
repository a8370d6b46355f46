"""Links of docstrings go to the name under which a reader imports a thing."""

import importlib
import inspect
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

FRONTS = (
    "synergy",
    "synergy.axioms",
    "synergy.baselines",
    "synergy.interactions",
    "synergy.neurons",
    "synergy.paths",
    "synergy.pictures",
    "synergy.players",
    "synergy.studies",
)


def ours(thing: Any) -> bool:
    return thing.__module__.split(".")[0] in ("synergy", "decompositions")


@cache
def public() -> dict[str, str]:
    """The places where public things are defined → the names by which they are imported, the shortest of each."""
    found: dict[str, str] = {}
    for name in ("synergy.axioms", "synergy.interactions", "synergy.paths"):  # which synergy does not import
        importlib.import_module(name)
    roots = SimpleNamespace(synergy=importlib.import_module("synergy"))
    for front in FRONTS:
        for name, thing in vars(attrgetter(front)(roots)).items():
            if not name.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)) and ours(thing):
                found.setdefault(f"{thing.__module__}.{thing.__qualname__}", f"{front}.{name}")
    return found


def names(target: str, module: str) -> list[str]:
    """Under which names a target of a link may be documented.

    >>> names("decompositions.dividends.harsanyi.harsanyi", "")[0]
    'synergy.harsanyi'
    """
    known, found = public(), []
    for place in (target, f"{module}.{target}"):
        whole, _, member = place.rpartition(".")
        if place in known:
            found.append(known[place])
        if whole in known:
            found.append(f"{known[whole]}.{member}")
    return found + [f"{front}.{target}" for front in FRONTS]


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    if node.get("refdomain") != "py":
        return None
    domain = env.get_domain("py")
    for name in names(node["reftarget"], node.get("py:module") or ""):
        if name in domain.objects and name != node["reftarget"]:
            return domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], name, node, contnode)
    return None


def setup(app: Any) -> dict[str, bool]:
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
