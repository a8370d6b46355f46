"""A function that differs at one coalition that nobody asks for, and modules of a user."""

import textwrap
import types

import torch
from torch import nn

N = 6
POWERS = 2.0 ** torch.arange(N, dtype=torch.float64)


def at(z, position):
    """1 at one coalition."""
    return 5.0 * ((z @ POWERS) == position).double()


def module_of(text, name="user_code"):
    """A module of a user's own, from its text."""
    module = types.ModuleType(name)
    module.__dict__.update(POWERS=POWERS, torch=torch, nn=nn, at=at)
    exec(textwrap.dedent(text), module.__dict__)
    return module
