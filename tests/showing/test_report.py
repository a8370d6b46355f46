"""The HTML report: self-contained, complete, safe, and written whole or not at all."""

import base64
import fcntl
import os
import re
import stat
import struct
import sys
import unicodedata
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from decompositions.effects.effects import Effects
from synergy import Game, compare
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.wording.view import Features, Picture, Words

pytest.importorskip("jinja2", reason="the report needs the extra 'cli'")

from synergy.showing.report import write_report

VOID = {"meta", "wbr", "br", "image", "use", "rect", "img", "input"}
NAMES = ("I'm", "not", "happy")
# J: I'm 0.25, not −0.5, happy 0.75, not·happy −1.75, all three −1.5; Shapley (−0.25, −1.875, −0.625)
VALUES = [0.0, 0.25, -0.5, -0.25, 0.75, 1.0, -1.5, -2.75]


class Page(HTMLParser):
    """Tags, attributes and text of a page; complains of tags that do not match."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.addresses, self.words, self.open = [], [], [], []
        self.feed(source)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.addresses += [v for k, v in attributes if k in ("src", "href", "xlink:href", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.addresses += [v for k, v in attributes if k in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def report(comparison, tmp_path, view=None, **settings):
    path = comparison.to_html(tmp_path / "report.html", view=view, **settings)
    source = path.read_text(encoding="utf-8")
    return source, Page(source)


@pytest.fixture(scope="module")
def sentence():
    game = Game.from_values(VALUES, names=NAMES)
    return compare(game, ["shapley", "occlusion_1", "occlusion_patch", "prediction_difference"])


def regions():
    return np.repeat(np.repeat([[0, 1], [2, 2]], 3, 0), 3, 1)


VIEWS = {
    "none": lambda: None,
    "words": lambda: Words(NAMES),
    "features": lambda: Features(NAMES, ("1 mm", "2 mm", "3 mm")),
    "picture": lambda: Picture(np.full((6, 6, 3), 90, np.uint8), regions()),
}


@pytest.mark.parametrize("view", VIEWS)
def test_report_is_one_self_contained_file(sentence, tmp_path, view):
    source, page = report(sentence, tmp_path, VIEWS[view]())
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert not re.search(r"https?://|@import|url\(", source)
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [
        {"type": "application/json", "id": "data"},
        {},
    ]
    policy = next(attributes for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy["content"].startswith("default-src 'none'")
    assert os.listdir(tmp_path) == ["report.html"]
    declared = [attributes for tag, attributes in page.tags if tag == "meta"]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in declared
    assert "prefers-color-scheme: dark" in source


@pytest.mark.parametrize("view", VIEWS)
def test_every_method_and_number_appears(sentence, tmp_path, view):
    _, page = report(sentence, tmp_path, VIEWS[view](), facts={"model": "a table", "baseline": "zero"})
    for title in ("Shapley value", "Occlusion-1", "Occlusion-patch", "Prediction Difference"):
        assert title in page.text
    for name in NAMES:
        assert name in page.text
    for result in sentence.results:
        assert result.name in page.text
        for value in result.attribution.tolist():
            assert f"{value:+.3f}".replace("-", "−")[:6] in page.text
    assert "a table" in page.text
    for name in ("synergy-effects", "Python", "torch", "numpy"):
        assert re.search(rf"{name} \d+\.\d", page.text)
    assert f"{sentence.calls:,} model calls" in page.text


def rows_of(page, caption):
    """The cells of the rows that begin with ``caption``."""
    return re.findall(rf"{caption} ((?:[+−±]?[\d./e−]+ ?(?:f\(x\) − (?:E )?f\(b\) )?)+)", page.text)


def test_sums_targets_and_gaps(sentence, tmp_path):
    _, page = report(sentence, tmp_path)
    assert rows_of(page, "Σ")[-1].split() == ["−2.750", "−7.500"]
    assert rows_of(page, "should be")[0].count("−2.750") == 2
    assert "gap 0 +4.750 numerical" in page.text
    assert "Occlusion-1 = Occlusion-patch = Prediction Difference : gap +4.750, most of it in" in page.text
    assert "not·happy (effect −1.750, given −3.500, 2.00 ×)" in page.text


def test_verdicts_are_words_not_colours_alone(sentence, tmp_path):
    _, page = report(sentence, tmp_path)
    table = page.text[page.text.index("The three criteria") : page.text.index("Row by row")]
    shapley = table[table.index("shapley") : table.index("occlusion_1")]
    occlusion = table[table.index("occlusion_1 = occlusion_patch = prediction_difference") :]
    assert (
        re.findall(r"(pass|fail|undecided) (coverage|leakage|residual) (\S+)", shapley)
        == [
            ("pass", "coverage", "1"),
            ("pass", "leakage", "0"),
            ("pass", "residual", "0"),
        ]
        * 2
    )
    assert re.findall(r"(pass|fail|undecided) residual (\S+)", occlusion) == [("fail", "1")] * 2
    assert "✗" in occlusion
    assert "I'm·not·happy" in occlusion
    assert "tolerance 1e−6, numerical error" in occlusion


def test_row_by_row_shares_of_each_effect(sentence, tmp_path):
    _, page = report(sentence, tmp_path)
    table = page.text[page.text.index("Row by row") :]
    row = table[table.index("not· happy") :]
    assert re.findall(r"([+−][\d.]+) ([\d.]+) ×", row)[:4] == [
        *[("−1.750", "1.00"), ("−3.500", "2.00")],
        *[("−1.500", "1.00"), ("−4.500", "3.00")],
    ]
    assert "largest difference of theory and measured 0 0 The" in table


def test_reasons_for_empty_columns(tmp_path):
    game = Game.from_function(lambda z: torch.atan(z).sum(1) * z[:, 0], [1.0, 2.0], 0.0)
    _, page = report(compare(game, ["integrated_gradients"], budget=5), tmp_path)
    assert "none: the Taylor series does not end" in page.text
    assert re.search(r"none: the fewest rows are worth [\d,]+ model calls, above the budget of 5", page.text)


def test_a_method_that_does_not_apply_is_named(sentence, tmp_path):
    lost = Result("lrp_lost", "f(x)", "", note="layer 'fc' is reused; call it once")
    _, page = report(Comparison(sentence.effects, None, "", (*sentence.results, lost)), tmp_path)
    assert "lrp_lost does not apply: layer 'fc' is reused; call it once" in page.text


def test_no_method_at_all(sentence, tmp_path):
    lost = Result("lost", "f(x)", "", note="no")
    _, page = report(Comparison(sentence.effects, None, "", (lost,)), tmp_path)
    assert "lost does not apply: no" in page.text


def test_user_text_is_escaped(tmp_path):
    evil = '<script>alert("1")</script>'
    names = (evil, "a&b", '" onload="x')
    comparison = compare(Game.from_values(VALUES, names=names), ["shapley"])
    for view in (None, Words(names), Features(names, (evil,) * 3), VIEWS["picture"]()):
        source, page = report(comparison, tmp_path, view, title=evil, facts={evil: evil})
        assert source.count("<script") == source.count("</script") == 2  # its own
        assert not any("onload" in attributes for _, attributes in page.tags)
        assert evil in page.text


def decoded(address):
    """The pixels of a PNG without filters, read by hand."""
    data = base64.b64decode(address.partition(",")[2])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8
    length = struct.unpack(">I", data[33:37])[0]
    channels = {2: 3, 6: 4}[kind]
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(height, 1 + width * channels)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


def test_picture_is_embedded_and_tinted_by_region(sentence, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    _, page = report(sentence, tmp_path, Picture(pixels, regions()))
    pictures = [decoded(address) for address in page.addresses if address.startswith("data:")]
    colour = [p for p in pictures if p.shape == (6, 6, 3) and (p == pixels).all()]
    assert len(colour) == 1
    overlays = [p for p in pictures if p.shape[-1] == 4]
    assert len(overlays) == len(sentence.columns)
    for overlay, result in zip(overlays, sentence.columns, strict=True):
        shares = result.attribution.numpy()[regions()]
        assert ((overlay[..., 2] > overlay[..., 0]) == (shares > 0)).all()
        order = np.argsort(np.abs(shares).ravel(), kind="stable")
        assert (np.diff(overlay[..., 3].ravel()[order].astype(int)) >= 0).all()
    labels = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg" and "role" in attributes]
    assert labels[0] == "The input and its regions: I'm, not, happy"
    assert labels[2] == "Shapley value: I'm −0.2, not −1.9, happy −0.6"


def test_pictures_of_odd_regions(tmp_path):
    ring = np.zeros((200, 1001), int)
    ring[50:150, 100:900] = 1
    ring[0, 0] = 2
    view = Picture(np.zeros((200, 1001, 3), np.uint8), ring)
    comparison = compare(Game.from_values(VALUES), ["shapley"])
    source, _ = report(comparison, tmp_path, view)
    assert "Shapley" in source


def test_exact_numbers_are_fractions(tmp_path):
    game = Game.from_expression("x1*x2 + x1**2*x3", {"x1": "1/2", "x2": 3, "x3": -1})
    _, page = report(compare(game), tmp_path)
    assert "+5/8" in page.text
    assert "+7/12" in page.text
    assert "exact numbers, no rounding" in page.text
    assert "Taylor effects" in page.text
    assert "x1²· x3" in page.text


def test_many_players_stay_usable(tmp_path):
    n = 200
    values = torch.cat([torch.zeros(1), torch.arange(1.0, n + 1)]).double()
    degrees = torch.cat([torch.zeros(1, n), torch.eye(n)]).int().numpy()
    effects = Effects(values, names=tuple(f"p{i}" for i in range(n)), basis="harsanyi", degrees=degrees)
    result = Result("mine", "its own", "", attribution=values[1:], theory_note="none", measured_note="not asked")
    source, page = report(Comparison(effects, None, "", (result,)), tmp_path)
    assert "… 140 more players" in page.text
    assert "… 185 more players" in page.text
    assert "p199" in page.text
    assert not re.search(r"\bp3\b", page.text)
    assert len(source) < 100_000
    assert "on a scale of its own" in page.text


@pytest.mark.parametrize("view", ["features", "words", "patches"])
def test_a_page_of_thousands_of_players_stays_under_a_megabyte_and_says_what_it_leaves_out(view, tmp_path):
    n, draws = 3072, torch.Generator().manual_seed(0)
    degrees = torch.cat([torch.zeros(1, n), torch.eye(n)]).int().numpy()
    values = torch.cat([torch.zeros(1), torch.randn(n, generator=draws)]).double()
    effects = Effects(values, names=tuple(f"x{i}" for i in range(n)), basis="harsanyi", degrees=degrees)
    given = torch.randn(15, n, dtype=torch.float64, generator=draws)
    results = tuple(
        Result(f"method_{k}", "f(x) − f(b)", "", row, theory_note="none", measured_note="none")
        for k, row in enumerate(given)
    )
    views = {
        "features": Features(effects.names, ("0.25",) * n),
        "words": Words(effects.names),
        "patches": Picture(
            np.zeros((96, 128, 3), np.uint8), np.kron(np.arange(n).reshape(48, 64), np.ones((2, 2), int))
        ),
    }
    source, page = report(Comparison(effects, None, "", results), tmp_path, view=views[view])
    assert len(source) < 1_000_000
    assert "3,012 players of 3,072; comparison.to_pandas() has what each is given" in page.text
    strongest = int(given.abs().max(0).values.argmax())
    assert f"x{strongest} " in page.text


def test_effects_below_the_noise_are_not_shown(tmp_path):
    effects = Effects(torch.tensor([0.0, 1.0, 1e-9, 2e-9]).double(), names=("loud", "quiet"), noise=1e-6)
    _, page = report(Comparison(effects, None, "", ()), tmp_path)
    made_of = page.text[page.text.index("made of") :]
    assert "Independent effects 1 above the noise floor loud +1.000" in made_of
    assert "Interaction effects 0 above the noise floor none rises above the noise floor" in made_of


@pytest.mark.parametrize(
    "view", [Words(("a", "b")), Features(("a",), ("1",)), Picture(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), int))]
)
def test_a_view_of_other_players_is_refused(sentence, tmp_path, view):
    with pytest.raises(ValueError, match="the comparison has 3"):
        sentence.to_html(tmp_path / "x.html", view=view)


def test_several_games_are_refused(tmp_path):
    from synergy import harsanyi

    effects = harsanyi(Game.from_values([[0.0, 1.0], [0.0, 2.0]]))
    with pytest.raises(ValueError, match="one game"):
        write_report(Comparison(effects, None, "", ()), tmp_path / "x.html", "", None, {})


def test_unwritable_paths_leave_nothing_behind(sentence, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="make it first"):
        sentence.to_html(tmp_path / "missing" / "x.html")
    with pytest.raises(IsADirectoryError, match="is a directory"):
        sentence.to_html(tmp_path)
    old = tmp_path / "old.html"
    old.write_text("as before")

    def broken(source, target):
        raise PermissionError("no")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(PermissionError):
        sentence.to_html(old)
    assert old.read_text() == "as before"
    assert os.listdir(tmp_path) == ["old.html"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o777], ids=oct)
def test_a_file_that_is_there_keeps_its_mode(sentence, tmp_path, mode):
    path = tmp_path / "old.html"
    path.write_text("old")
    path.chmod(mode)
    assert sentence.to_html(path) == path
    assert "Shapley" in path.read_text()
    assert path.stat().st_mode & 0o7777 == mode
    assert os.listdir(tmp_path) == ["old.html"]


def test_a_new_file_has_the_mode_of_new_files(sentence, tmp_path):
    (tmp_path / "plain").write_text("")
    sentence.to_html(tmp_path / "new.html")
    assert (tmp_path / "new.html").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_stays_and_what_it_leads_to_is_written(sentence, tmp_path, there):
    inner = tmp_path / "inner"
    inner.mkdir()
    if there:
        (inner / "page.html").write_text("old")
        (inner / "page.html").chmod(0o600)
    (tmp_path / "second").symlink_to("inner/page.html")
    (tmp_path / "first.html").symlink_to("second")
    sentence.to_html(tmp_path / "first.html")
    assert os.readlink(tmp_path / "first.html") == "second"
    assert os.readlink(tmp_path / "second") == "inner/page.html"
    assert "Shapley" in (inner / "page.html").read_text()
    assert not there or (inner / "page.html").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["first.html", "inner", "second"]
    assert os.listdir(inner) == ["page.html"]


def test_links_in_a_ring_and_devices(sentence, tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="leads to itself"):
        sentence.to_html(tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 2**20)
    try:
        sentence.to_html(pipe)
        assert b"<!DOCTYPE html>" in os.read(reader, 2**20)
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


RTL = ("לא", "سعيد 3", "plain")


def test_right_to_left_text_is_kept_apart(tmp_path):
    comparison = compare(Game.from_values(VALUES, names=RTL), ["shapley", "occlusion_1"])
    for view in (None, Words(RTL), Features(RTL, ("1 ס", "2", "3")), VIEWS["picture"]()):
        source, _ = report(comparison, tmp_path, view, title="כותרת", facts={"قيمة": "12 ק"})
        body = source[source.index("<body>") :]
        body = re.sub(r"<text.*?</text>|<title>.*?</title>", "", body)  # each of them stands by itself
        outside = re.sub(r"<bdi>.*?</bdi>|<[^>]*>", "", body)
        assert not [letter for letter in outside if unicodedata.bidirectional(letter) in ("R", "AL", "AN")]
        assert "<bdi>כותרת</bdi>" in body
        assert "<bdi>plain" not in body
        assert "<bdi>לא</bdi>·<wbr><bdi>سعيد 3</bdi>" in body


def test_control_characters_are_shown_and_not_written(tmp_path):
    evil = "a\x1b[31m\x00\x9b\u202eb\ud800"
    comparison = compare(Game.from_values(VALUES, names=(evil, "b\nc", "d")), ["shapley"])
    lost = Result("lost", "f(x)", "", note=f"note {evil}")
    comparison = Comparison(comparison.effects, None, "", (*comparison.results, lost))
    for view in (
        None,
        Words(comparison.effects.names),
        Features(comparison.effects.names, (evil,) * 3),
        VIEWS["picture"](),
    ):
        source, page = report(comparison, tmp_path, view, title=evil, facts={evil: evil})
        assert not [letter for letter in source if not letter.isprintable() and letter != "\n"]
        assert r"a\x1b[31m\x00\x9b\u202eb\ud800" in page.text
        assert r"b\nc" in page.text


def test_missing_jinja2_names_the_extra(sentence, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"synergy-effects\[cli\]"):
        sentence.to_html(tmp_path / "x.html")
    assert os.listdir(tmp_path) == []


def test_the_strength_of_sizes_is_that_of_all_coalitions_of_which_some_were_drawn(tmp_path):
    """Σ zᵢ + Σ zᵢzⱼ / 10 of 30 players: 30 of single ones, 43.5 of pairs, of which 16 are seen, and nothing larger."""
    game = Game.from_function(lambda z: z.sum(1) + (z.sum(1) ** 2 - (z**2).sum(1)) / 20, torch.ones(30).double())
    comparison = compare(game, ["occlusion_1"], order=1, budget=600)
    assert comparison.effects.strata.largest > 1
    _, page = report(comparison, tmp_path)
    labels = [facts["aria-label"] for _, facts in page.tags if facts.get("class") == "orders"]
    assert labels[0].startswith("1 player 40.8%, 2 players 59.2%, 3 players 0.0%")
    assert "of coalitions of at most 5 players, estimated from a sample above 1 " in page.text


def test_numbers_that_are_not_certain_say_how_far_off_they_may_be(tmp_path):
    """An estimate within 0.3 of 2 and −1 says so beside the sum; an error of 1e-6 is no word worth."""
    effects = Effects(torch.tensor([0.0, 2.0, -1.0, 0.0], dtype=torch.float64), names=("a", "b"))

    def first(error):
        result = Result("mine", "f(x) − f(b)", "", attribution=torch.tensor([2.0, -1.0]), error=torch.tensor(error))
        return report(Comparison(effects, None, "", (result,)), tmp_path)[1].text

    assert "Σ +1.000, each ± 0.3 or less" in first([0.1, 0.3])
    assert "or less" not in first([1e-6, 1e-6])


def test_the_facts_have_the_sign_that_the_numbers_have(sentence, tmp_path):
    facts = {"prediction": "on a scale from -4 to 4, model-2", "baseline": "-1.28"}
    _, page = report(sentence, tmp_path, facts=facts)
    assert "on a scale from −4 to 4, model-2" in page.text
    assert "−1.28" in page.text
