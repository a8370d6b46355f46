"""Real models and real inputs, ready to be asked: no download, no training.

Each example needs packages of the extra ``demo``; importing this package loads none of them.
"""

from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType

from decompositions.arguments import shown
from synergy.examples.example import Example as Example

EXAMPLES = MappingProxyType(
    {
        "sentence": "which words make a sentence sound positive or negative? (MiniLM)",
        "photo": "which regions of a photo make the network name its class? (EfficientNet-Lite0)",
        "digits": "which strokes make a handwritten digit? (a small convolutional network)",
        "digits-polynomial": "the same of a polynomial, whose Taylor series ends (a network of squares)",
        "digits-vit": "the same of a transformer, which reads patches by attention (a small vision transformer)",
        "tabular": "which measurements speak for a malignant tumour? (a small softplus network)",
    }
)

OWN = ("expression", "model")  # of one's own, which the command line takes beside the examples


def require(name: str) -> None:
    """Refuse a name that neither an example nor a question of one's own has.

    Raises:
        LookupError: names the nearest.
    """
    if name not in (*EXAMPLES, *OWN):
        near = get_close_matches(str(name), (*EXAMPLES, *OWN), n=1, cutoff=0.0)[0]
        raise LookupError(
            f"no example {shown(name)}; did you mean {near!r}? There are {', '.join(EXAMPLES)}, and of one's own "
            f"{' and '.join(OWN)}"
        )


def load(name: str, subject: str | None = None, players: str | None = None) -> Example:
    """The example of this name.

    Args:
        name: A key of ``EXAMPLES``.
        subject: What it is about: a sentence, a picture's name or file, a digit, a row; None for the default.
        players: How the input is divided, in the example's own words; None for the default.

    Raises:
        LookupError: There is no such example.
        ImportError: A package of the extra ``demo`` is missing.
    """
    require(name)
    if name in OWN:
        raise LookupError(f"{name!r} is no ready example but a question of one's own: Game.from_{name}(…)")
    try:
        return import_module(f"synergy.examples.{name.replace('-', '_')}").example(subject, players)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"the example {name!r} needs {error.name}, of the extra 'demo': pip install 'synergy-effects[demo]'"
        ) from error
