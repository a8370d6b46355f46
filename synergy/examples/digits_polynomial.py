r"""Handwritten digits, seen by a polynomial: a small convolutional network with squares for activations.

Affine maps and squares alternate, so every logit is a polynomial of degree 4 in the ink and its Taylor series ends:

.. math:: f(x) = A_3\,\bigl(A_2\,(A_1 x + c_1)^{\odot 2} + c_2\bigr)^{\odot 2} + c_3

The model runs in float64: what a policy shares out of the effects and what a method gives when measured can then agree
to rounding. A neuron before the second square sees 5x5 pixels; patches that no such window touches together have no
joint effect.

Images and split are those of ``synergy.examples.digits``. The network gets 97.5 % of the 359 held-out images right;
``scripts/train_digits_polynomial.py`` made it.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from synergy.examples.digits import ask
from synergy.examples.example import Example
from synergy.examples.trained import predictor, read


class Square(nn.Module):
    """The activation u ↦ u², entry by entry. Shape ``(…)`` in and out.

    >>> Square()(torch.tensor([-3.0, 0.5])).tolist()
    [9.0, 0.25]
    """

    def forward(self, u: Tensor) -> Tensor:
        """Every entry times itself."""
        return torch.square(u)


def network() -> nn.Sequential:
    """The untrained network in float64, (batch, 1, 8, 8) to (batch, 10) logits; every module is used exactly once."""
    layers = OrderedDict(
        conv1=nn.Conv2d(1, 4, 3, padding=1),
        square1=Square(),
        conv2=nn.Conv2d(4, 8, 3, stride=2, padding=1),
        square2=Square(),
        flatten=nn.Flatten(),
        fc=nn.Linear(128, 10),
    )
    return nn.Sequential(layers).double()


def model() -> nn.Module:
    """The trained network: evaluation mode, float64, on the CPU."""
    with torch.device("meta"):
        module = network()
    return predictor(module, read("digits_polynomial")[0])


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Why does the polynomial see this digit? Arguments, answer and errors as for ``synergy.examples.digits``.

    The game has as many Taylor effects as the polynomial in its players has terms, of degree 4 at most.
    """
    return ask(
        "digits-polynomial", model(), "polynomial of degree 4, a convolutional network of squares", subject, players
    )
