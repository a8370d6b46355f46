"""The files of a checkpoint: damaged, foreign, of others, killed, and full disks."""

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_cases import RANGE, game_of, interrupted, parts

from decompositions.evaluation import progress, sealed, spans
from decompositions.files import whole_file
from synergy import Game, harsanyi


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch):
    """Eight ranges of 32 coalitions for the 256 of eight players."""
    monkeypatch.setattr(spans, "RANGE", RANGE)
    monkeypatch.setattr(spans, "BATCHES", 1)
    monkeypatch.setattr(spans, "FEW", 1)


def finished(folder):
    expected = harsanyi(game_of(), checkpoint=folder).values
    return expected, sorted(Path(folder).glob("*.part"))


DAMAGES = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"\0",
    "a bit": lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
    "header": lambda data: data.replace(b'"chunk": 8', b'"chunk": 4'),
    "no json": lambda data: b"\xff" + data[1:],
    "another json": lambda data: b"[1, 2]\n" + data.partition(b"\n")[2],
}


@pytest.mark.parametrize("which", ["part", "manifest"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_the_way_out(which, damage, tmp_path):
    expected, found = finished(tmp_path)
    path = found[3] if which == "part" else tmp_path / "manifest.json"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    way_out = "delete this file" if which == "part" else "delete its whole directory"
    with pytest.raises(ValueError, match=rf"{path.name} is damaged: .*; {way_out}"):
        harsanyi(game_of(), checkpoint=tmp_path)
    if which == "part":
        path.unlink()
        assert torch.equal(harsanyi(game_of(), checkpoint=tmp_path).values, expected)


def test_parts_do_not_change_places(tmp_path):
    _, found = finished(tmp_path / "one")
    found[3].write_bytes(found[4].read_bytes())
    with pytest.raises(ValueError, match="holds another range than its name says"):
        harsanyi(game_of(), checkpoint=tmp_path / "one")
    _, others = finished(tmp_path / "two")
    harsanyi(game_of(target=2), checkpoint=tmp_path / "three")
    name = others[0].name
    others[0].write_bytes((tmp_path / "three" / name).read_bytes())
    with pytest.raises(ValueError, match="belongs to another checkpoint"):
        harsanyi(game_of(), checkpoint=tmp_path / "two")
    others[0].rename(tmp_path / "two" / "000000000001-000000000033.part")
    with pytest.raises(ValueError, match="that of no range"):
        harsanyi(game_of(), checkpoint=tmp_path / "two")


def test_parts_without_their_manifest_are_not_taken(tmp_path):
    finished(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ValueError, match=r"no manifest\.json but holds other files.*new or empty"):
        harsanyi(game_of(), checkpoint=tmp_path)


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match=r"holds other files \('thesis\.tex'\)"):
        harsanyi(game_of(), checkpoint=tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def everything(folder):
    """All that lies in a directory, links as such."""
    return {
        path.name: os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "directory"
        for path in folder.iterdir()
    }


PRECIOUS = {
    "files": {"thesis.tex": b"precious", ".bash_history-1.tmp": b"ls", "lock": b"mine"},
    "one unfinished file": {".bash_history-1.tmp": b"ls"},
    "a lock of another program": {"lock": b"4711"},
    "our lock's name": {"synergy.lock": b"mine"},
    "a manifest of another program": {"manifest.json": b'{"name": "extension"}'},
    "a manifest and unfinished files": {"manifest.json": b"", ".synergy-manifest.json.1.tmp": b"half"},
    "parts": {"000000000000-000000000256.part": b"video", "movie.part": b"video"},
    "an unfinished file and another": {".synergy-manifest.json.1.tmp": b"half", "notes": b"mine"},
}


@pytest.mark.parametrize("kind", PRECIOUS)
def test_no_file_of_a_mistaken_directory_is_lost(kind, tmp_path):
    for name, data in PRECIOUS[kind].items():
        (tmp_path / name).write_bytes(data)
    before = everything(tmp_path)
    with pytest.raises(ValueError, match="give a new or empty directory"):
        harsanyi(game_of(), checkpoint=tmp_path)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["synergy.lock", "lock", "manifest.json", ".synergy-manifest.json.1.tmp"])
@pytest.mark.parametrize("there", [b"precious", b"", b"synergy-checkpoint, process 4711 on host", None])
def test_links_are_not_followed(name, there, tmp_path):
    """To a file, to an empty one, to one that looks like ours, and to nowhere."""
    folder, precious = tmp_path / "folder", tmp_path / "precious"
    folder.mkdir()
    if there is not None:
        precious.write_bytes(there)
    (folder / name).symlink_to(precious)
    with pytest.raises(ValueError, match="give a new or empty directory"):
        harsanyi(game_of(), checkpoint=folder)
    assert everything(folder) == {name: str(precious)}
    assert (precious.read_bytes() if precious.exists() else None) == there


def test_a_checkpoint_leaves_what_else_lies_beside_it(tmp_path):
    """Files that came later stay as they are; a link or a directory in a part's place is refused."""
    finished(tmp_path / "kept")
    kept = tmp_path / "kept"
    others = {"thesis.tex": b"precious", ".bash_history-1.tmp": b"ls", "lock": b"mine", "movie.part": b"video"}
    for name, data in others.items():
        (kept / name).write_bytes(data)
    harsanyi(game_of(), checkpoint=kept)
    assert {name: (kept / name).read_bytes() for name in others} == others
    part = sorted(kept.glob("0*.part"))[0]
    moved = tmp_path / "elsewhere"
    part.rename(moved)
    part.symlink_to(moved)
    with pytest.raises(ValueError, match="is damaged: it is a link or a directory"):
        harsanyi(game_of(), checkpoint=kept)
    part.unlink()
    part.mkdir()
    with pytest.raises(ValueError, match="is damaged: it is a link or a directory"):
        harsanyi(game_of(), checkpoint=kept)


@pytest.mark.parametrize("folder", [3, True, b"kept", ["kept"], object])
def test_what_is_no_path_is_refused(folder):
    with pytest.raises(TypeError, match="checkpoint is the path of a directory, a text or a Path, not"):
        harsanyi(game_of(), checkpoint=folder)


@pytest.mark.parametrize("folder", ["", "a\0b"])
def test_what_names_no_directory_is_refused(folder):
    with pytest.raises(ValueError, match="checkpoint is the path of a directory, a text or a Path, not"):
        harsanyi(game_of(), checkpoint=folder)


def test_a_later_format_is_refused(tmp_path, monkeypatch):
    finished(tmp_path)
    monkeypatch.setattr(sealed, "FORMAT", "synergy-checkpoint/3")
    with pytest.raises(ValueError, match="'synergy-checkpoint/2', this version reads 'synergy-checkpoint/3'"):
        harsanyi(game_of(), checkpoint=tmp_path)


def test_what_a_killed_process_left_unfinished_is_cleared(tmp_path):
    interrupted(game_of(), tmp_path, 80, RuntimeError())
    left = tmp_path / ".synergy-000000000064-000000000096.part.4711.tmp"
    left.write_bytes(b"half")
    assert torch.equal(harsanyi(game_of(), checkpoint=tmp_path).values, harsanyi(game_of()).values)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*parts(tmp_path), "manifest.json", "synergy.lock"]


def full_after(monkeypatch, files, number=errno.ENOSPC):
    """A disk on which so many files have room, and half of another one."""
    put, written = whole_file.put, []

    def limited(file, data):
        written.append(len(data))
        if len(written) > files:
            file.write(data[: len(data) // 2])
            raise OSError(number, os.strerror(number))
        put(file, data)

    monkeypatch.setattr(whole_file, "put", limited)


def test_a_full_disk_keeps_what_is_there(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        full_after(patch, 1 + 3)  # the manifest and three parts
        with pytest.raises(OSError, match="cannot be written: No space left on device; make room") as error:
            harsanyi(game_of(), checkpoint=tmp_path)
    assert error.value.errno == errno.ENOSPC
    assert "96 of 256 coalitions are kept" in error.value.__notes__[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*parts(tmp_path), "manifest.json", "synergy.lock"]
    assert len(parts(tmp_path)) == 3
    assert torch.equal(harsanyi(game_of(), checkpoint=tmp_path).values, harsanyi(game_of()).values)


LIMITED = """
import resource, sys, torch
from synergy import Game, harsanyi
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))  # the manifest fits, a part of 2,048 values does not
try:
    harsanyi(Game.from_function(lambda z: z.sum(1), torch.ones(11).double()), checkpoint=sys.argv[1])
except OSError as error:
    print(error)
"""


def test_the_operating_system_refuses_a_file(tmp_path):
    run = subprocess.run([sys.executable, "-c", LIMITED, tmp_path / "c"], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in run.stdout
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["manifest.json", "synergy.lock"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_directory_that_cannot_be_written_is_found_before_the_work(number, tmp_path, monkeypatch):
    full_after(monkeypatch, 0, number)
    game = game_of()
    game.model.rows = 0
    with pytest.raises(OSError, match="cannot be written"):
        harsanyi(game, checkpoint=tmp_path)
    assert game.model.rows == 8  # the questions of the manifest
    assert [path.name for path in tmp_path.iterdir()] == ["synergy.lock"]


def test_a_place_where_no_directory_can_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=rf"the checkpoint in {tmp_path}/file/c cannot be written"):
        harsanyi(game_of(), checkpoint=tmp_path / "file" / "c")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any directory")
def test_a_read_only_directory_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written"):
        harsanyi(game_of(), checkpoint=tmp_path)


OWNER = """
import sys, time, torch
from synergy import Game, harsanyi

working = False

def f(z):
    if working:
        print("at work", flush=True)
        time.sleep(60)
    return z.sum(1)

game = Game.from_function(f, torch.ones(8).double())
working = True
harsanyi(game, checkpoint=sys.argv[1])
"""


def test_two_processes_do_not_share_a_directory(tmp_path):
    """A killed owner leaves no lock behind."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout.readline() == "at work\n"
        with pytest.raises(BlockingIOError, match=rf"in use by process {owner.pid} on .*wait until it ends"):
            harsanyi(game_of(), checkpoint=tmp_path)
    finally:
        owner.kill()
        owner.communicate()
    assert torch.equal(harsanyi(game_of(), checkpoint=tmp_path).values, harsanyi(game_of()).values)


@pytest.mark.parametrize(
    "game", [lambda: Game.from_values(np.arange(8.0)), lambda: Game.from_expression("a*b", {"a": 1, "b": 2})]
)
def test_tables_and_expressions_have_nothing_to_keep(game, tmp_path):
    with pytest.raises(ValueError, match=r"of an expression or a table.*effects\.save"):
        harsanyi(game(), checkpoint=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_the_limit_is_for_the_calls_that_are_left(tmp_path):
    interrupted(game_of(), tmp_path, 8 + 6 * RANGE, RuntimeError())
    with pytest.raises(ValueError, match="takes 64 model calls, above the limit of 63; pass limit=64"):
        harsanyi(game_of(), limit=63, checkpoint=tmp_path)
    assert harsanyi(game_of(), limit=64, checkpoint=tmp_path).calls == 256


def test_the_progress_bar_counts_what_is_kept(tmp_path, monkeypatch):
    interrupted(game_of(), tmp_path, 80, RuntimeError())
    bars = []

    class Bar(progress.tqdm):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings | {"disable": False, "file": open(os.devnull, "w")})  # noqa: SIM115
            bars.append((self, self.n))

        def close(self):
            super().close()
            self.fp.close()

    monkeypatch.setattr(progress, "tqdm", Bar)
    harsanyi(game_of(), checkpoint=tmp_path)
    ((bar, start),) = bars
    assert (start, bar.initial, bar.n, bar.total) == (64, 64, 256, 256)


@pytest.mark.parametrize(("total", "files"), [(2**26, 1024), (2**24, 1024), (2**14, 16), (2**10, 1), (2, 1)])
def test_the_number_of_files(total, files, monkeypatch):
    monkeypatch.undo()
    assert len(spans.spans(total, spans.range_length(total, 256))) == files
    assert len(spans.spans(total, spans.range_length(total, 4096))) <= files
    assert len(spans.spans(total, spans.range_length(total, 1))) <= max(16, files)


KILLED = textwrap.dedent("""
    import os, random, signal, sys, threading, time
    import torch
    from torch import nn
    from decompositions.evaluation import spans
    from synergy import Game, harsanyi

    spans.RANGE, spans.BATCHES = 16, 1
    folder = sys.argv[1]
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(11, 64), nn.Tanh(), nn.Linear(64, 1)).eval()
    x = torch.randn(1, 11)

    os.fsync = lambda file: None  # what a killed process has handed over is not lost; a busy disk takes seconds
    pace = threading.local()  # no part of the question
    pace.seconds = 0.0

    class Slow(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            time.sleep(pace.seconds)
            return self.net(x)

    game = Game.from_model(Slow(), x, 0.0, chunk=16)
    expected = harsanyi(game).values
    moments, kills, counts, longest = random.Random(0), 0, [], 0.09
    while kills < 20:
        child = os.fork()
        if child == 0:
            pace.seconds = 0.004
            harsanyi(game, checkpoint=folder)
            os._exit(0)
        time.sleep(moments.uniform(0.0, longest))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child ended before it was killed"
        kills += 1
        counts.append(sum(name.endswith(".part") for name in os.listdir(folder)) if os.path.isdir(folder) else 0)
        longest *= 1.0 if counts[-1] else 1.5  # of a busy machine, on which nothing was kept so far
    assert counts == sorted(counts) and 0 < counts[-1] < 128, counts
    assert torch.equal(harsanyi(game, checkpoint=folder).values, expected)
    print("KILLS", kills, "PARTS", counts)
""")


@pytest.mark.slow
def test_killed_twenty_times_it_goes_on_to_the_same_bits(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "kept"], capture_output=True, text=True, check=False, timeout=900
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("KILLS 20")


class Threshold(torch.nn.Module):
    """A model with a setting that is no parameter."""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        return (x.sum(1) > self.k).double()


def test_another_setting_of_the_model_is_another_model(tmp_path):
    x = torch.ones(1, 8, dtype=torch.float64)
    harsanyi(Game.from_model(Threshold(2.0), x), checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"changed|is of another function"):
        harsanyi(Game.from_model(Threshold(4.0), x), checkpoint=tmp_path)


def test_another_closure_is_another_function(tmp_path):
    def made(special):
        return lambda z: z.sum(1) + (z @ (2.0 ** torch.arange(10, dtype=torch.float64)) == special).double()

    x = torch.ones(10, dtype=torch.float64)
    harsanyi(Game.from_function(made(77.0), x), checkpoint=tmp_path)
    with pytest.raises(ValueError, match="model"):
        harsanyi(Game.from_function(made(78.0), x), checkpoint=tmp_path)


def test_a_folder_that_takes_no_file_is_said_of_the_file_that_was_asked_for(tmp_path, monkeypatch):
    def refused(path, mode):
        raise FileNotFoundError(2, "No such file or directory", str(path))

    target = tmp_path / "page.html"
    monkeypatch.setattr("pathlib.Path.open", refused)
    with pytest.raises(FileNotFoundError, match=r"page.html cannot be written: .* takes no new file") as found:
        whole_file.write_whole(target, b"", "report.html")
    assert ".part" not in str(found.value)
