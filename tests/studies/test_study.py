"""A study: what it records, how it goes on after an interruption, and what it refuses."""

import errno
import os
import signal
import subprocess
import sys
import time
from itertools import chain, combinations, pairwise

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("pyarrow", reason="a study needs the extra 'studies'")
pytest.importorskip("pandas", reason="its table needs the extra 'studies'")

from study_cases import METHODS, asked, small, some

from decompositions.effects.coalitions import Coalitions
from decompositions.effects.strata import Strata, Stratum
from synergy import Effects, Game, compare, harsanyi, measure, method
from synergy.allocation.allocation import Allocation
from synergy.studies import load, study
from synergy.studies.by_order import by_order, summed
from synergy.studies.task import Task


def cell(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def subsets(players):
    return chain.from_iterable(combinations(players, k) for k in range(len(players) + 1))


def test_attributions_are_those_of_the_methods_alone(done):
    table = done.table("attribution")
    assert len(table) == 9 * 3 * 4
    for place in (0, 5, 8):
        game = Game.from_model(small(), some()[place : place + 1], target=place % 3)
        for name in METHODS:
            found = table[(table.input == place) & (table.method == name)]
            assert list(found.of) == ["x0", "x1", "x2", "x3"]
            assert found.value.to_numpy() == pytest.approx(method(name).attribute(game).numpy(), abs=1e-6)


def test_sums_by_order_are_those_of_the_rows(done):
    """By hand, from the dividends and the measured rows."""
    table = done.table("effects of order", "given inside", "given outside")
    game = Game.from_model(small(), some()[4:5], target=1)
    effects, measured = harsanyi(game), measure("gradient_x_input", game)
    for k in (1, 2, 3, 4):
        these = [S for S in subsets(range(4)) if len(S) == k]
        sizes = sum(abs(float(effects[S])) for S in these)
        inside = sum(np.sign(float(effects[S])) * float(measured[S][list(S)].sum()) for S in these)
        outside = sum(float(measured[S].abs().sum() - measured[S][list(S)].abs().sum()) for S in these)
        known = {"input": 4, "of": str(k)}
        assert cell(table, **known, quantity="effects of order").value == pytest.approx(sizes, abs=1e-6)
        by = {**known, "method": "gradient_x_input"}
        assert cell(table, **by, quantity="given inside").value == pytest.approx(inside, abs=1e-5)
        assert cell(table, **by, quantity="given outside").value == pytest.approx(outside, abs=1e-5)


def test_areas_are_those_of_curves_by_hand(done):
    net, x = small(), some()[2]
    game = Game.from_model(net, x[None], target=2)
    order = method("shapley").attribute(game).argsort(descending=True).tolist()

    def g(players):
        kept = torch.zeros(4)
        kept[list(players)] = x[list(players)]
        return net(kept[None])[0, 2].item()

    gain = g(range(4)) - g(())
    curves = {
        "insertion": [(g(order[:k]) - g(())) / gain for k in range(5)],
        "deletion": [(g(order[k:]) - g(())) / gain for k in range(5)],
    }
    for name, curve in curves.items():
        area = sum((a + b) / 2 / 4 for a, b in pairwise(curve))
        found = cell(done.table(name), input=2, method="shapley")
        assert found.value == pytest.approx(area, abs=1e-5)
        rows = done.table(f"{name} at")
        rows = rows[(rows.input == 2) & (rows.method == "shapley")]
        assert rows.of.tolist() == ["0", "1", "2", "3", "4"]
        assert rows.value.tolist() == pytest.approx(curve, abs=1e-5)


def test_criteria_are_those_of_a_comparison(done):
    game = Game.from_model(small(), some()[7:8], target=1)
    for result in compare(game, METHODS):
        criteria = result.measured_criteria
        for number, criterion in (("coverage", "coverage"), ("leakage", "relevance"), ("residual", "completeness")):
            found = cell(done.table(number), input=7, method=result.name)
            assert found.value == pytest.approx(getattr(criteria, number), abs=1e-6)
            assert found.note.split()[0] == criteria.verdicts[criterion]


def test_the_same_table_in_parquet_and_in_commas(done):
    import pandas

    parquet = done.table().astype(dict.fromkeys(("model", "method", "quantity", "of", "note"), object))
    commas = pandas.read_csv(done.folder / "table.csv", keep_default_na=False, na_values={"value": ["", "nan"]})
    pandas.testing.assert_frame_equal(parquet, commas, check_dtype=False, rtol=0, atol=0)


def test_inputs_are_answered_alike_in_whatever_blocks(done, tmp_path, monkeypatch):
    """Up to rounding: batches are others."""
    monkeypatch.setattr(sys.modules["synergy.studies.study"], "BLOCK", 7)
    other = asked(tmp_path / "other")
    one, two = done.table("attribution", "residual"), other.table("attribution", "residual")
    assert np.allclose(one.value, two.value, rtol=0, atol=1e-5)


def files(folder):
    return {name: (folder / name).read_bytes() for name in ("table.parquet", "table.csv")}


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_an_interrupted_study_goes_on(done, tmp_path, monkeypatch, answered):
    whole, made = Task.answers, []

    def some_then_interrupted(self, start, stop):
        if len(made) == answered:
            raise KeyboardInterrupt
        made.append(start)
        return whole(self, start, stop)

    monkeypatch.setattr(Task, "answers", some_then_interrupted)
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path / "s")
    with pytest.raises(ValueError, match="was interrupted; ask it again"):
        load(tmp_path / "s")
    (tmp_path / "s" / "parts" / ".synergy-000000000004-000000000008.part.1.tmp").write_bytes(b"half")
    again = []
    monkeypatch.setattr(Task, "answers", lambda self, a, b: again.append(a) or whole(self, a, b))
    asked(tmp_path / "s")
    assert sorted(made + again) == [0, 4, 8]
    assert files(tmp_path / "s") == files(done.folder)
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == sorted(
        ["manifest.json", "parts", "synergy.lock", "table.csv", "table.parquet"]
    )
    assert not list((tmp_path / "s" / "parts").glob(".*"))


def test_a_finished_study_is_found_and_not_computed_again(done, monkeypatch):
    monkeypatch.setattr(Task, "answers", None)
    assert asked(done.folder).table().equals(done.table())
    assert load(done.folder).table().equals(done.table())


@pytest.mark.slow
def test_a_study_that_is_killed_at_any_moment_goes_on_to_the_same_table(done, tmp_path):
    """Five times, by the signal that no process sees."""
    code = "from study_cases import asked; import sys; print('begun', flush=True); asked(sys.argv[1])"
    place, draws = tmp_path / "killed", np.random.default_rng(6)
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(place)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        process.stdout.readline()
        time.sleep(draws.uniform(0, 1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (place / "table.csv").exists() or files(place) == files(done.folder)
    asked(place)
    assert files(place) == files(done.folder)


def test_what_fails_is_recorded_and_the_others_stand(done, tmp_path):
    inputs = some()
    inputs[3, 1] = torch.nan
    found = study(small(), inputs, folder=tmp_path / "s", targets=[0, 1, 2] * 3, methods=METHODS)
    failures = found.failures()
    assert failures.input.tolist() == [3]
    assert "not finite" in failures.note[0] or "nan" in failures.note[0]
    one, two = done.table("attribution"), found.table("attribution")
    assert np.allclose(one[one.input != 3].value, two.value, rtol=0, atol=1e-6)


def test_when_all_fail_it_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"all 9 inputs failed; the first: .*"):
        asked(tmp_path / "s", targets=[7] * 9)


def test_a_method_that_does_not_apply_says_why(tmp_path):
    found = asked(tmp_path / "s", methods=["shapley", "grad_cam"])
    notes = found.table("does not apply")
    assert notes.method.unique().tolist() == ["grad_cam"]
    assert notes.note.str.len().min() > 10


def test_several_models_and_methods_by_names(tmp_path):
    methods = {"IG": "integrated_gradients", "IG by 2": method("integrated_gradients", nodes=2)}
    nets = {"one": small(), "two": nn.Sequential(nn.Linear(4, 3)).eval()}
    found = study(nets, some(3), folder=tmp_path / "s", targets=1, methods=methods)
    assert (found.models, found.methods) == (("one", "two"), ("IG", "IG by 2"))
    table = found.table("attribution")
    linear = (nets["two"][0].weight[1] * some(3)).detach().numpy()
    for name in methods:
        values = table[(table.model == "two") & (table.method == name)].value.to_numpy().reshape(3, 4)
        assert values == pytest.approx(linear, abs=1e-6)


def test_baselines_and_players_of_each_input(tmp_path):
    found = study(
        small(),
        [row[None] for row in some(2)],
        folder=tmp_path / "s",
        targets=0,
        methods="shapley",
        baseline=lambda x: x.flip(1),
        players=lambda x: torch.tensor([[0, 0, 1, 1]]),
    )
    table = found.table("attribution")
    game = Game.from_model(small(), some(2)[1:], some(2)[1:].flip(1), target=0, players=torch.tensor([[0, 0, 1, 1]]))
    assert table[table.input == 1].value.to_numpy() == pytest.approx(
        method("shapley").attribute(game).numpy(), abs=1e-6
    )


def test_rows_of_functions(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.0, 1.0]})
    found = study(
        lambda rows: (rows["a"] * rows["b"]).to_numpy(), frame, baseline=frame.iloc[1], folder=tmp_path / "s",
        methods="shapley",
    )  # fmt: skip
    table = found.table("attribution")
    assert table[table.input == 0].value.tolist() == pytest.approx([-0.25, 0.75])  # of 1·½ − 2·0, by hand


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"targets": [1, 1, 2] * 3}, "targets"),
        ({"methods": METHODS[:2]}, "methods"),
        ({"baseline": 0.5}, "baseline"),
        ({"budget": 100}, "settings"),
    ],
)
def test_the_folder_of_another_study_is_refused(done, change, said):
    before = files(done.folder)
    with pytest.raises(ValueError, match=f"holds another study: .*{said}.* changed; give a new or empty folder"):
        asked(done.folder, **change)
    assert files(done.folder) == before


def test_another_model_or_input_is_refused(done):
    other = small()
    with torch.no_grad():
        other[2].weight[0, 0] += 1e-6
    settings = {"targets": [0, 1, 2] * 3, "methods": METHODS, "folder": done.folder}
    with pytest.raises(ValueError, match=r"models \(model: model.2.weight"):
        study(other, some(), **settings)
    inputs = some()
    inputs[8, 3] += 1e-6
    with pytest.raises(ValueError, match="another study: inputs changed"):
        study(small(), inputs, **settings)


def test_a_part_of_another_study_and_a_damaged_one_are_refused(done, tmp_path):
    asked(tmp_path / "s", budget=50)
    part = tmp_path / "s" / "parts" / "000000000004-000000000008.part"
    whole = part.read_bytes()
    part.write_bytes((done.folder / "parts" / part.name).read_bytes())
    with pytest.raises(ValueError, match="belongs to another study"):
        asked(tmp_path / "s", budget=50)
    for damaged in (whole[:-20], whole[:200] + bytes([whole[200] ^ 255]) + whole[201:]):
        part.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"is damaged: .*; delete this file, and what was in it is computed again"):
            asked(tmp_path / "s", budget=50)
    part.unlink()
    assert asked(tmp_path / "s", budget=50).failures().empty


def test_a_folder_that_is_not_a_studys_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match=r"holds other files \('letter.txt'\)"):
        asked(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["table.csv", "parts/ours.txt", "manifest.json"])
def test_nor_is_one_with_files_of_the_same_names(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text('{"format": "of somebody else"}\n')
    with pytest.raises(ValueError, match=r"holds other files|is damaged|the format of"):
        asked(tmp_path)
    assert (tmp_path / name).read_text() == '{"format": "of somebody else"}\n'


def test_a_full_disk_is_said_and_the_study_goes_on_later(done, tmp_path, monkeypatch):
    from synergy.studies import folder

    def full(path, data):
        if path.name.startswith("000000000004-"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data)

    real = folder.write
    monkeypatch.setattr(folder, "write", full)
    with pytest.raises(OSError, match=r"the study in .* cannot be written: No space left on device; make room"):
        asked(tmp_path / "s")
    monkeypatch.setattr(folder, "write", real)
    asked(tmp_path / "s")
    assert files(tmp_path / "s") == files(done.folder)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"targets": [0, 1]}, ValueError, "there are 9 inputs and 2 targets"),
        ({"methods": ["shapley", method("shapley")]}, ValueError, "'shapley' is there twice; name them in a mapping"),
        ({"methods": ["sharpley"]}, LookupError, "did you mean 'shapley'"),
        ({"methods": []}, TypeError, "methods are names, methods or callables"),
        ({"rows": -1}, ValueError, "rows is the number of effects"),
        ({"order": 0}, ValueError, "order is the largest number of players"),
        ({"folder": 3}, TypeError, "folder is the path of a directory"),
    ],
)
def test_what_is_refused_at_once(tmp_path, change, error, said):
    with pytest.raises(error, match=said):
        asked(**{"folder": tmp_path / "s", **change})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("inputs", "error"), [(some(0), ValueError), ("text", TypeError), (torch.tensor(1.0), TypeError)]
)
def test_what_is_no_list_of_inputs(tmp_path, inputs, error):
    with pytest.raises(error, match="inputs"):
        study(small(), inputs, folder=tmp_path / "s")


@pytest.mark.parametrize("library", ["pyarrow", "pandas"])
def test_a_missing_library_names_the_extra(done, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"needs {library}: pip install 'synergy-effects\[studies\]'"):
        asked(done.folder).table()


def test_two_processes_do_not_write_into_one_folder(done, tmp_path):
    from synergy.studies.folder import opened

    question = {"format": "synergy-study/1"}
    with (
        opened(tmp_path / "s", question, ()),
        pytest.raises(BlockingIOError, match=r"the study in .* is in use by"),
        opened(tmp_path / "s", question, ()),
    ):
        pass


def test_it_says_what_it_is(done):
    assert repr(done) == f"Study(9 inputs, 3 methods, 1 model; {done.folder})"


def test_sums_of_a_sample_stand_for_all_with_their_error():
    """Of each size three coalitions of six; the error is the standard error of a sample without replacement."""
    rows = [(), (0,), (1,), (2,), (3,), (0, 1), (0, 2), (1, 3)]
    coalitions = Coalitions.of_members(rows, 4)
    strata = Strata(1, (Stratum(2, 6, np.array([5, 6, 7])),))
    values = torch.tensor([0.0, 1, 2, 3, 4, 10, 20, 60], dtype=torch.float64)
    names = ("a", "b", "c", "d")
    effects = Effects(values, names=names, coalitions=coalitions, truncated=True, strata=strata)
    orders, sums, errors = summed(effects, values.numpy()[None])
    assert orders.tolist() == [1, 2]
    assert sums.tolist() == [[10, 6 * 30]]
    assert errors[0] == pytest.approx([0, 6 * np.sqrt(700 / 3 * (1 - 3 / 6))])


def test_what_is_given_of_a_sample_is_told_by_its_ratio():
    """By hand: 30, 15 and 9 of 10, 20 and 60 go inside, 54 of 90; of the 150 of all pairs 90."""
    rows = [(), (0,), (1,), (2,), (3,), (0, 1), (0, 2), (1, 3)]
    coalitions = Coalitions.of_members(rows, 4)
    strata = Strata(1, (Stratum(2, 6, np.array([5, 6, 7])),))
    values = torch.tensor([0.0, 1, 2, 3, 4, 10, -20, 60], dtype=torch.float64)
    effects = Effects(values, names=("a", "b", "c", "d"), coalitions=coalitions, truncated=True, strata=strata)
    given = torch.zeros(8, 4, dtype=torch.float64)
    given[1:5] = torch.diag(values[1:5])
    given[5], given[6], given[7] = torch.tensor([[20.0, 10, 0, 6], [-15, 0, 0, 0], [0, 4, -2, 5]])
    found = by_order(Allocation(effects, lambda start, stop: given[start:stop], "by hand"), {1: 10.0, 2: 150.0})
    assert found.orders.tolist() == [1, 2]
    assert found.effects.tolist() == [10, 150]
    assert found.inside == pytest.approx([10, 150 * 54 / 90])
    assert found.outside == pytest.approx([0, 150 * 8 / 90])
    left = np.array([30 - 0.6 * 10, 15 - 0.6 * 20, 9 - 0.6 * 60])
    assert found.errors[1] == pytest.approx([0, 6 * left.std(ddof=1) * np.sqrt(0.5 / 3)])
    given[5:] = torch.tensor([[10.0, 0, 0, 0], [-20, 0, 0, 0], [0, 0, 0, 60]])
    found = by_order(Allocation(effects, lambda start, stop: given[start:stop], "by hand"), {1: 10.0, 2: 150.0})
    assert found.inside.tolist() == [10, 150]  # shared out in full, whichever were drawn
    assert not found.errors[1].any()
