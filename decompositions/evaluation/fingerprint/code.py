"""What code does, and which names it uses."""

from __future__ import annotations

import dis
import types

from decompositions.evaluation.fingerprint.contents import content_of, digest


def code_of(code: types.CodeType) -> str:
    """A hash of what code does; where it stands in which file, and its variables' names, do not count."""
    constants = [code_of(each) if isinstance(each, types.CodeType) else content_of(each) for each in code.co_consts]
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return digest(repr((code.co_code, code.co_exceptiontable, code.co_names, counts, constants)))


def names_in(code: types.CodeType) -> set[tuple[str, str]]:
    """The names in code and in the functions inside it, and how it uses them: global, import or attribute."""
    found = {(name, "attribute") for name in code.co_names}
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            found.add((step.argval, "global"))
        elif step.opname == "IMPORT_NAME":
            found.add((step.argval, "import"))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_in(constant)
        elif isinstance(constant, str) and constant.isidentifier():  # as in getattr(self, "scale")
            found.add((constant, "attribute"))
    return found
