"""The weights that come with this package, and networks that only predict."""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def read(name: str) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Tensors and measured figures of ``weights/<name>.safetensors``; both are in the one file, so they cannot drift.

    Raises:
        ImportError: safetensors is not installed.
    """
    from safetensors import safe_open

    place = files("synergy.examples") / "weights" / f"{name}.safetensors"
    with as_file(place) as path, safe_open(path, framework="pt") as stored:
        return {key: stored.get_tensor(key) for key in stored.keys()}, json.loads(stored.metadata()["figures"])  # noqa: SIM118


def write(name: str, tensors: dict[str, Tensor], figures: dict[str, float]) -> Path:
    """Store what ``read`` reads; the same tensors and figures give the same bytes."""
    from safetensors.torch import save

    path = Path(__file__).parent / "weights" / f"{name}.safetensors"
    path.write_bytes(save(tensors, metadata={"figures": json.dumps(figures)}))
    return path


def predictor(network: Network, tensors: dict[str, Tensor]) -> Network:
    """The network with these weights in evaluation mode, without gradients of its own.

    Build it on ``torch.device("meta")``: then nothing is drawn from torch's random generator on the way.
    """
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)
