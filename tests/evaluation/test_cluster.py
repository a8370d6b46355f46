"""Coalitions on the workers of a Dask cluster: the same bits, whatever happens to the workers."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import torch
from distributed import Client, LocalCluster
from torch import nn

from decompositions.evaluation import cluster, spans
from synergy import Game, estimate, harsanyi
from synergy.examples import load

SHORT = {"distributed.comm.timeouts.connect": "2s", "distributed.scheduler.allowed-failures": 1}


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=":0", memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        yield client


def network(seed=0, n=11):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(n, 32), nn.Tanh(), nn.Linear(32, 1)).eval(), torch.randn(1, n)


def game_of(module=None, n=11, **settings):
    net, x = network(n=n)
    return Game.from_model(module or net, x, 0.0, **settings)


class Each(nn.Module):
    """A network that does something at every call before it answers."""

    def __init__(self, does):
        super().__init__()
        self.net, self.does = network()[0], does

    def forward(self, x):
        self.does(x)
        return self.net(x)


GAMES = {
    "a network": lambda: (harsanyi, game_of(), {}),
    "of a low order": lambda: (harsanyi, game_of(n=30), {"order": 3}),
    "null players": lambda: (harsanyi, Game.from_model(network()[0], torch.eye(11)[3:9].sum(0, keepdim=True)), {}),
    "several baselines": lambda: (harsanyi, Game.from_model(*network(), torch.randn(3, 11)), {}),
    "a shared prefix": lambda: (harsanyi, load("digits", players="grid:4x4").game, {}),
    "a function of this session": lambda: (harsanyi, Game.from_function(lambda z: z.prod(1), [1.0, 2.0, 3.0] * 3), {}),
    "an estimate": lambda: (estimate, game_of(n=24), {"budget": 600, "refuse": False}),
    "an estimate of pairs": lambda: (estimate, game_of(n=14), {"index": "STII", "budget": 600, "refuse": False}),
}


@pytest.mark.parametrize("name", GAMES)
def test_the_bits_are_those_of_one_process(name, client):
    ask, game, settings = GAMES[name]()
    here, there = ask(game, **settings), ask(game, **settings, client=client)
    assert np.array_equal(np.asarray(here.values), np.asarray(there.values))
    assert here.calls == there.calls
    if ask is harsanyi:
        assert (here.noise, here.evaluation) == (there.noise, there.evaluation)
    else:
        assert np.array_equal(here.error, there.error)


@pytest.mark.parametrize(
    ("ask", "settings"),
    [(harsanyi, {}), (harsanyi, {"order": 2}), (estimate, {"budget": 300, "refuse": False})],
    ids=["all", "of a low order", "an estimate"],
)
def test_a_bar_that_is_shown_stays_here(ask, settings, client, monkeypatch):
    """What watches the calls, a stream above all, cannot be sent and is not."""
    monkeypatch.setattr("decompositions.evaluation.progress._is_terminal", lambda stream: True)
    monkeypatch.setattr("decompositions.evaluation.progress.DELAY", 0)
    game = game_of()
    here, there = ask(game, **settings), ask(game, **settings, client=client)
    assert np.array_equal(np.asarray(here.values), np.asarray(there.values))


def test_by_as_many_threads_and_in_the_types_of_this_process(client):
    def seen(span):
        return torch.get_num_threads(), torch.get_default_dtype()

    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    torch.set_default_dtype(torch.float64)
    try:
        found = list(cluster.on_workers(client, None, lambda of, span: seen(span), [(0, 1), (1, 2)]))
    finally:
        torch.set_num_threads(before)
        torch.set_default_dtype(torch.float32)
    assert sorted(found) == [(span, (before + 1, torch.float64)) for span in [(0, 1), (1, 2)]]
    assert set(client.run(lambda: torch.get_default_dtype()).values()) == {torch.float32}


def test_the_model_is_opened_once_by_every_worker(client, tmp_path):
    class Counted:
        def __setstate__(self, state):
            self.__dict__.update(state)
            with open(tmp_path / "opened", "a") as file:
                file.write(f"{os.getpid()}\n")

    of = Counted()
    of.number = 3
    ranges = spans.spans(40, 2)
    found = dict(cluster.on_workers(client, of, lambda of, span: of.number * span[0], ranges))
    assert found == {span: 3 * span[0] for span in ranges}
    opened = (tmp_path / "opened").read_text().split()
    assert len(opened) == len(set(opened)) <= 2


def killing(client, folder, how_many):
    """Kills workers as soon as they have begun, once; those that come in their places live."""
    pids = client.run(os.getpid)

    def kill():
        while not (folder / "begun").exists():
            time.sleep(0.01)
        for pid in list(pids.values())[:how_many]:
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def slow(folder):
    def does(x):
        if threading.current_thread() is not threading.main_thread():
            (folder / "begun").touch()
            time.sleep(0.002)

    return does


@pytest.mark.slow
@pytest.mark.parametrize("how_many", [1, 2])
def test_a_worker_that_is_killed_costs_its_range_only(how_many, client, tmp_path, monkeypatch):
    monkeypatch.setattr(spans, "RANGE", 64)
    monkeypatch.setattr(spans, "BATCHES", 1)
    game = game_of(Each(slow(tmp_path)), chunk=8)
    expected = harsanyi(game)
    thread = killing(client, tmp_path, how_many)
    found = harsanyi(game, client=client)
    thread.join()
    assert torch.equal(found.values, expected.values)
    assert found.calls == expected.calls


@pytest.mark.slow
def test_a_range_that_kills_every_worker_is_named():
    import dask

    def deadly(x):
        if threading.current_thread() is not threading.main_thread() and (x != 0).sum(1).max() > 8:
            os._exit(1)

    with (
        dask.config.set(SHORT),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as workers,
        Client(workers) as client,
        pytest.raises(RuntimeError, match=r"several workers were lost over the range [\d,]+ to [\d,]+, .* memory"),
    ):
        harsanyi(game_of(Each(deadly)), client=client)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["closed", "scheduler"])
def test_a_lost_cluster_is_said_and_what_came_is_kept(lost, tmp_path, monkeypatch):
    import dask

    monkeypatch.setattr(spans, "RANGE", 16)
    monkeypatch.setattr(spans, "BATCHES", 1)
    game = game_of(Each(slow(tmp_path)), chunk=4)
    expected = harsanyi(game).values
    with (
        dask.config.set(SHORT),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as workers,
        Client(workers.scheduler_address) as client,
    ):

        def end():
            while not list((tmp_path / "kept").glob("*.part")):
                time.sleep(0.01)
            (client if lost == "closed" else workers).close()

        thread = threading.Thread(target=end)
        thread.start()
        with pytest.raises(ConnectionError, match="the cluster is lost") as found:
            harsanyi(game, client=client, checkpoint=tmp_path / "kept")
        thread.join()
    assert "coalitions are kept in" in found.value.__notes__[-1]
    assert torch.equal(harsanyi(game, checkpoint=tmp_path / "kept").values, expected)


def test_a_checkpoint_goes_on_there_and_here(client, tmp_path):
    game = game_of(chunk=8)
    expected = harsanyi(game, checkpoint=tmp_path).values
    for path in sorted(tmp_path.glob("*.part"))[1::2]:
        path.unlink()
    assert torch.equal(harsanyi(game, checkpoint=tmp_path, client=client).values, expected)
    for path in sorted(tmp_path.glob("*.part"))[::2]:
        path.unlink()
    assert torch.equal(harsanyi(game, checkpoint=tmp_path).values, expected)


def test_memory_that_runs_out_there_halves_the_chunk(client):
    def greedy(x):
        if threading.current_thread() is not threading.main_thread() and len(x) > 16:
            raise torch.OutOfMemoryError("out of memory")

    game = game_of(Each(greedy), chunk=64)
    found, expected = harsanyi(game, client=client), harsanyi(game)
    torch.testing.assert_close(found.values, expected.values, rtol=0.0, atol=1e-6)


def test_an_error_of_the_model_is_its_own_with_the_place(client):
    def fails(x):
        if threading.current_thread() is not threading.main_thread() and (x != 0).sum(1).max() > 8:
            raise FloatingPointError("beyond the table")

    with pytest.raises(FloatingPointError, match="beyond the table") as found:
        harsanyi(game_of(Each(fails)), client=client)
    assert any("in the evaluation of the coalitions" in note for note in found.value.__notes__)


def test_another_model_there_is_no_function(client):
    """A model that counts where it is: the coalitions that are asked for again here betray it."""

    class Elsewhere(nn.Module):
        def forward(self, x):
            return x.sum(1) + (threading.current_thread() is not threading.main_thread()) * x[:, 0]

    with pytest.raises(ValueError, match="gave"):
        harsanyi(Game.from_model(Elsewhere(), torch.ones(1, 9)), client=client)


def test_a_model_that_cannot_be_sent(client):
    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"cannot be sent to the workers of a cluster: .*lock"):
        harsanyi(game_of(Each(lambda x: lock.locked())), client=client)


def test_other_libraries_there_are_told(client, monkeypatch):
    setting = cluster._setting() | {"versions": "torch 1.0, NumPy 1.0"}
    monkeypatch.setattr(cluster, "_setting", lambda: setting)
    with pytest.raises(RuntimeError, match=r"here torch 1\.0, NumPy 1\.0, on a worker torch .*; install the same"):
        harsanyi(game_of(), client=client)


def test_gpus_are_asked_for_by_their_resource(client):
    with pytest.raises(ValueError, match=r"no worker says that it has one: start them with .*--resources 'GPU=1'"):
        list(cluster.on_workers(client, None, lambda of, span: span, [(0, 1)], "cuda"))


def test_clients_that_are_none(client):
    with pytest.raises(TypeError, match=r"client is a distributed.Client.*not 'tcp://"):
        harsanyi(game_of(), client="tcp://localhost:8786")
    with pytest.raises(TypeError, match=r"client is a distributed.Client"):
        estimate(game_of(), client=3)
    with pytest.raises(ValueError, match="leave client out"):
        harsanyi(Game.from_values([0.0, 1.0]), client=client)
    with pytest.raises(ValueError, match="leave client out"):
        estimate(Game.from_expression("x*y", {"x": 1, "y": 2}), client=client)


def test_a_closed_client(client):
    another = Client(client.scheduler.address)
    another.close()
    with pytest.raises(ValueError, match="this one is closed; make another"):
        harsanyi(game_of(), client=another)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'synergy-effects\[distributed\]'"):
        harsanyi(game_of(), client=object())
