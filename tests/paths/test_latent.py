"""Integrated Gradients in a latent space: known paths, a lossy autoencoder, and what does not fit."""

import math

import pytest
import torch
from cases import close

from synergy import Game, allocate, harsanyi, measure, method, path_method
from synergy.paths import LatentIG


def network(activation=torch.nn.Tanh, dtype=torch.float64):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 8), activation(), torch.nn.Linear(8, 1)).to(dtype)


def network_game(baselines=1, **settings):
    model = network()
    torch.manual_seed(1)
    return Game.from_model(model, torch.randn(1, 3).double(), torch.randn(baselines, 3).double(), **settings)


def autoencoder(seed=3, width=2):
    """One that loses a dimension."""
    torch.manual_seed(seed)
    encoder = torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.Tanh()).double()
    return encoder, torch.nn.Sequential(torch.nn.Linear(width, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)).double()


@pytest.mark.parametrize("baselines", [1, 3])
def test_of_a_linear_space_it_is_integrated_gradients(baselines):
    game = network_game(baselines)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(2)).double())[0]
    ends = [[1, 1, 1], [1, 0, 1], [0, 0, 0]]
    given = LatentIG(lambda z: z @ turn, lambda h: h @ turn.T).attribute(game, ends)
    close(given, method("integrated_gradients").attribute(game, ends), 1e-9)


def test_of_a_space_of_exponentials_it_is_the_path_method_of_logarithms():
    f = lambda z: torch.sin(z[:, 0] * z[:, 1]) + z[:, 1] ** 2  # noqa: E731
    encoder = lambda z: torch.stack([z[:, 0], z[:, 1].exp()], 1)  # noqa: E731
    decoder = lambda h: torch.stack([h[:, 0], h[:, 1].log()], 1)  # noqa: E731
    game = Game.from_function(f, [1.0, 1.0])
    expected = path_method(lambda s: (s, torch.log(1 + s * (math.e - 1)))).attribute(game)
    close(LatentIG(encoder, decoder).attribute(game), expected, 1e-9)


def test_a_lossy_space_by_hand():
    """E loses z2. (0, 1) → (0, 0) → (1, 0) → (1, 2): of z1 z2 all is gained on the last stretch."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [1.0, 2.0], [0.0, 1.0])
    encoder, decoder = (lambda z: z[:, :1]), (lambda h: torch.cat([h, 0 * h], 1))
    close(LatentIG(encoder, decoder).attribute(game), torch.tensor([0.0, 2.0]), 1e-12)


@pytest.mark.parametrize("nodes", [3, 8, 32])
def test_it_is_complete_up_to_its_error(nodes):
    game = network_game(2)
    values, errors = LatentIG(*autoencoder(), nodes=nodes).estimate(game)
    missing = float(values.sum() - (game([[1] * 3]) - game([[0] * 3])))
    assert abs(missing) <= float(errors.sum())
    finest = LatentIG(*autoencoder(), nodes=200).attribute(game)
    assert (abs(values - finest) <= errors + 1e-15).all()
    assert errors.max() < (1e-9 if nodes == 32 else 1)


def test_players_are_sums_of_entries():
    coarse, fine = network_game(players=[0, 1, 0]), network_game()
    chosen = LatentIG(*autoencoder())
    single = chosen.attribute(fine)
    close(chosen.attribute(coarse), torch.stack([single[0] + single[2], single[1]]), 1e-12)


def test_measured_and_without_a_policy():
    """Every row adds up to its effect, but a part goes to players that are absent and move all the same."""
    game, chosen = network_game(), LatentIG(*autoencoder())
    table = measure(chosen, game)
    close(table.attribution, chosen.attribute(game), 1e-12)
    close(table.values.sum(1)[1:], harsanyi(game).values[1:], 1e-9)
    assert table.criteria().passes == (True, False, False)
    close(table[0][1:], in_many_steps(game, chosen)[1:], 1e-6)


def in_many_steps(game, chosen, steps=40_000):
    """The way from b to x with its first player alone, stretch by stretch, by the middles of many steps."""
    b, s = game.cube.baseline[0], torch.linspace(0, 1, steps + 1).double()[:, None]
    x = torch.cat([game.cube.x[0, :1], b[1:]])
    with torch.no_grad():
        ends = [chosen.encoder(each[None]) for each in (b, x)]
        curved = chosen.decoder(ends[0] + s * (ends[1] - ends[0]))
    total = torch.zeros(3).double()
    for way in (b + s * (curved[0] - b), curved, curved[-1] + s * (x - curved[-1])):
        middles = ((way[1:] + way[:-1]) / 2).requires_grad_()
        (slopes,) = torch.autograd.grad(game.model(middles).sum(), middles)
        total += (slopes * way.diff(dim=0)).sum(0)
    return total
    with pytest.raises(ValueError, match="no weights on the effects"):
        allocate(harsanyi(game), chosen.policy(game))


def test_the_autoencoder_is_left_as_it_was():
    encoder, decoder = autoencoder()
    encoder.train()
    before = [p.detach().clone() for p in [*encoder.parameters(), *decoder.parameters()]]
    LatentIG(encoder, decoder).attribute(network_game())
    after = [*encoder.parameters(), *decoder.parameters()]
    assert encoder.training
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.grad is None for p in after)


@pytest.mark.parametrize(
    ("encoder", "decoder", "error", "said"),
    [
        (3, lambda h: h, TypeError, "the encoder is a function"),
        (lambda z: z, None, TypeError, "the decoder is a function"),
        (lambda z: z[:, :1], lambda h: h, ValueError, r"gives inputs, shape \(1, 3\), not \(1, 1\)"),
        (torch.nn.Linear(4, 2).double(), lambda h: h, ValueError, "they fail: mat1 and mat2"),
    ],
)
def test_refused(encoder, decoder, error, said):
    with pytest.raises(error, match=said):
        LatentIG(encoder, decoder).attribute(network_game())


def test_refused_games():
    with pytest.raises(ValueError, match="functions of tensors"):
        LatentIG(lambda z: z, lambda h: h).attribute(Game.from_values([0.0, 1, 2, 5]))
