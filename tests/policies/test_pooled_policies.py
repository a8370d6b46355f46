"""Networks with max pooling: policies composed against the algorithms, on random ones and by hand."""

import pytest
import torch
from cases import close
from layer_cases import sequence
from layer_rules import variants
from torch import nn

from synergy import Game, method
from synergy.policies.propagation import propagate

DOUBLE = torch.float64


def _pooled_units():
    """relu(x₁ − x₂) and relu(x₃) in one window."""
    first = nn.Linear(3, 2, bias=False, dtype=DOUBLE)
    first.weight.data = torch.tensor([[1.0, -1, 0], [0, 0, 1]], dtype=DOUBLE)
    return nn.Sequential(first, nn.ReLU(), nn.Unflatten(1, (1, 2)), nn.MaxPool1d(2), nn.Flatten()).eval()


BY_HAND = {
    # x, b and what DeepLIFT gives: where the winners differ, a fall is the reference's winner's, a rise that at x
    "fall-to-a-tie": ([3.0, 3.5, -1], [0.0, 0.5, 2], [0, 0, -2]),
    "fall-to-an-unchanged-winner": ([3.0, 2, 0], [2.0, 1, 4], [0, 0, -3]),
    "rise-over-an-unchanged-unit": ([0.0, 1, 5], [3.0, 1, 0], [0, 0, 3]),
    "same-winner": ([5.0, 1, 1], [3.0, 1, 1], [2, 0, 0]),
    "same-winner-that-stays": ([5.0, 4, 0], [2.0, 1, -1], [3, -3, 0]),
}


@pytest.mark.parametrize("name", ["deeplift_rescale", "deep_shap", "deeplift_reveal_cancel"])
@pytest.mark.parametrize("case", BY_HAND)
def test_winners_by_hand(case, name):
    x, b, expected = (torch.tensor(each, dtype=DOUBLE) for each in BY_HAND[case])
    if (name, case) == ("deeplift_reveal_cancel", "same-winner-that-stays"):
        expected = torch.tensor([2, -2, 0], dtype=DOUBLE)  # relu: +3 or +1 of the rise, −1 or −3 of the fall, by order
    game, chosen = Game.from_model(_pooled_units(), x[None], b[None]), method(name)
    close(chosen.attribute(game), expected, 1e-15)
    close(propagate(game, chosen.policy(game)), expected, 1e-15)


def pooled_network(seed):
    """Random, with pooling after an activation, before it, overlapping, twice, in one axis, of means, or of maxima of
    means; and a random kind of input, with entries that do not change and units that are off at both places."""
    generator = torch.Generator().manual_seed(seed)
    activation = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.ReLU6)[seed % 4]
    pools = (
        lambda: (nn.Conv2d(1, 3, 2), activation(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 4), nn.ReLU()),
        lambda: (nn.Conv2d(1, 3, 2), nn.MaxPool2d(2), activation(), nn.Flatten(), nn.Linear(12, 4), nn.ReLU()),
        lambda: (nn.Conv2d(1, 3, 3), activation(), nn.MaxPool2d(2, 1), nn.Flatten(), nn.Linear(12, 4), nn.Tanh()),
        lambda: (nn.MaxPool2d(2, 1), nn.Conv2d(1, 2, 2), activation(), nn.MaxPool2d(3), nn.Flatten(), nn.Linear(2, 4)),
        lambda: (nn.Flatten(2), nn.Conv1d(1, 3, 3), activation(), nn.MaxPool1d(4), nn.Flatten(), nn.Linear(15, 4)),
        lambda: (nn.Conv2d(1, 3, 2), activation(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 4), nn.ReLU()),
        lambda: (
            nn.AvgPool2d(2, 1),
            nn.Conv2d(1, 3, 2),
            activation(),
            nn.MaxPool2d(2, 1),
            nn.Flatten(),
            nn.Linear(12, 4),
            nn.Tanh(),
        ),
    )
    model = sequence(*pools[seed % len(pools)](), nn.Linear(4, 2), seed=seed)
    x, b = torch.randn(2, 1, 1, 5, 5, generator=generator, dtype=DOUBLE)
    if seed % 3 == 0:
        kept = torch.rand(x.shape, generator=generator) < 0.4
        b = torch.where(kept, x, b)
    if seed % 5 == 0:
        x, b = (2 * x).round(), (2 * b).round()  # with ties
    return Game.from_model(model, x, b, target=1), model, x, b


@pytest.mark.parametrize("seed", range(42))
@variants
def test_policies_composed_are_the_algorithm_on_random_networks_with_pooling(seed, name, settings):
    game, model, x, b = pooled_network(seed)
    chosen = method(name, **settings)
    given = chosen.attribute(game)
    close(propagate(game, chosen.policy(game)), given, 1e-10, scale=max(1.0, given.abs().max().item()))
    if not name.startswith(("lrp", "deep_taylor", "attn_lrp")):
        assert given.sum().item() == pytest.approx((model(x) - model(b))[0, 1].item(), abs=1e-11)


def test_the_bank_has_windows_whose_winner_changes():
    moved = 0
    for seed in range(42):
        _, model, x, b = pooled_network(seed)
        for place, module in enumerate(model):
            if isinstance(module, (nn.MaxPool1d, nn.MaxPool2d)):
                module.return_indices = True
                winners = [module(model[:place](each))[1] for each in (x, b)]
                module.return_indices = False
                moved += int((winners[0] != winners[1]).sum())
    assert moved > 60
