"""Pictures as an image processor hands them over: the answer is x, that of a grey picture the baseline."""

from itertools import product

import numpy as np
import pytest
import torch
from cases import close
from language_models import made, vit
from transformers import ResNetConfig, ResNetForImageClassification
from transformers.feature_extraction_utils import BatchFeature

from synergy import Game, method, players

SIDE = 8
LABELS = {"num_labels": 4}


def processor(images, return_tensors):
    """Every second pixel, between −1 and 1, channels first; what those of transformers give, without torchvision."""
    assert return_tensors == "pt"
    scaled = (np.asarray(images, dtype=np.float32)[::2, ::2] / 255 - 0.5) / 0.5
    return BatchFeature({"pixel_values": torch.from_numpy(scaled.transpose(2, 0, 1).copy())[None]})


def resnet():
    config = ResNetConfig(embedding_size=4, hidden_sizes=[4, 6], depths=[1, 1], layer_type="basic", **LABELS)
    return made(ResNetForImageClassification, config)


PHOTO = np.random.default_rng(4).integers(0, 256, (2 * SIDE, 2 * SIDE, 3), dtype=np.uint8)
GREY = np.full_like(PHOTO, 127)
MEAN = np.broadcast_to(PHOTO.mean((0, 1)), PHOTO.shape)  # one colour
MODELS = {
    "ViT": lambda: vit(**LABELS),
    "ViT, eager, attentions": lambda: vit(output_attentions=True, **LABELS),
    "ResNet": resnet,
}


@pytest.mark.parametrize("absent", [GREY, MEAN], ids=["grey", "mean colour"])
@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_a_picture_patch_by_patch(build, absent):
    model = build()
    x, b = processor(images=PHOTO, return_tensors="pt"), processor(images=absent, return_tensors="pt")
    cells = players.grid(x["pixel_values"].shape, 2)
    game = Game.from_model(model, x, b, target=("logits", 3), players=cells)
    expected = []
    for there in product([False, True], repeat=4):  # rows of cells, put together on the processed pictures
        mixed = b["pixel_values"].clone()
        for cell in range(4):
            if there[::-1][cell]:
                place = (..., slice(4 * (cell // 2), 4 * (cell // 2) + 4), slice(4 * (cell % 2), 4 * (cell % 2) + 4))
                mixed[place] = x["pixel_values"][place]
        expected.append(model(pixel_values=mixed).logits[0, 3].item())
    corners = torch.tensor(list(product([0, 1], repeat=4))).flip(1)
    close(game(corners), torch.tensor(expected, dtype=torch.float64), 1e-5)
    assert torch.tensor(expected).std() > 1e-3


@pytest.mark.parametrize("name", ["integrated_gradients", "deeplift_rescale", "shapley"])
@pytest.mark.parametrize("build", [lambda: vit(**LABELS), resnet], ids=["ViT", "ResNet"])
@pytest.mark.filterwarnings("ignore:The tensor attributes .* were assigned during export")
def test_methods_are_complete_on_it(build, name):
    x = processor(images=PHOTO, return_tensors="pt")["pixel_values"].double()
    b = processor(images=GREY, return_tensors="pt")["pixel_values"].double()
    game = Game.from_model(build().double(), {"pixel_values": x}, b, target=3, players=players.grid(x.shape, 2))
    ends = game([[0] * 4, [1] * 4])
    close(method(name).attribute(game).sum(), ends[1] - ends[0], 1e-5)


def test_the_processor_of_transformers():
    """That of Pillow, which needs no torchvision."""
    pillow = pytest.importorskip("transformers.models.vit.image_processing_pil_vit", reason="older transformers")
    own, model = pillow.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}), vit()
    x, b = (own(images=each, return_tensors="pt") for each in (PHOTO, GREY))
    game = Game.from_model(model, x, b, target=("logits", 1), players=players.grid(x["pixel_values"].shape, 2))
    expected = [model(**each).logits[0, 1].item() for each in (b, x)]
    close(game([[0] * 4, [1] * 4]), torch.tensor(expected, dtype=torch.float64), 1e-6)
