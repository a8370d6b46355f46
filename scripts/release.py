"""The wheel and the sdist, built, and tried where nothing else is: ``python scripts/release.py [python …]``.

For every interpreter, such as ``python3.12``, an environment with one torch is kept in build/environments; on it every
extra of the project is laid in an environment of its own, with the wheel, and asked for what it is there for. The sdist
is tried with the first of them. Without interpreters it is this one.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST, ENVIRONMENTS = ROOT / "dist", ROOT / "build" / "environments"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXPLAINED = """
import synergy
from synergy import Game, allocate, harsanyi, method
game = Game.from_expression("x1**2 * x2 + 4*x3", {"x1": 2, "x2": 3, "x3": 1})
found = allocate(harsanyi(game), method("shapley").policy(game)).attribution
assert list(found) == [6, 6, 4], found
import torch
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()
rows = synergy.compare(Game.from_model(net, torch.rand(1, 3), 0.0, target=1), ["shapley", "integrated_gradients"])
assert len(rows.results) == 2
"""
USES = {
    "viz": "from synergy import pictures; pictures.waterfall(harsanyi(game))",
    "cli": "from typer.testing import CliRunner; from synergy.command.cli import app;"
    " assert CliRunner().invoke(app, ['methods']).exit_code == 0",
    "segments": "from synergy import players; assert players.segments(torch.rand(1, 3, 16, 16), 4).max() >= 1",
    "pandas": "assert len(harsanyi(game).to_pandas()) == 8",
    "studies": "from synergy.studies import study; "
    "assert len(study(net, torch.rand(3, 3), targets=1, methods=['shapley'], folder='three')) == 3",
    "demo": "from synergy.examples import load; assert load('tabular').game.n",
    "fast": "import flint",
    "distributed": "import distributed",
}


def main(interpreters: list[str]) -> None:
    """Build, check the metadata, and try every extra on every interpreter."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    run(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    for number, interpreter in enumerate(interpreters or [sys.executable]):
        base = with_torch(interpreter)
        for extra in ["", *PROJECT["optional-dependencies"]]:
            tried(base, wheel, extra)
        if number == 0:
            tried(base, sdist, "")


def with_torch(interpreter: str) -> Path:
    """An environment with torch alone, kept for the next time."""
    version = asked(interpreter, "import platform; print(platform.python_version())").strip()
    folder = ENVIRONMENTS / version
    if not (folder / "torch").exists():
        run(interpreter, "-m", "venv", "--clear", folder)
        run(python(folder), "-m", "pip", "install", "-q", "--no-compile", "-c", ROOT / "constraints.txt", "torch")
        (folder / "torch").touch()
    return folder


def tried(base: Path, archive: Path, extra: str) -> None:
    """Install an archive with an extra over an environment, use it, and delete it again."""
    folder = base.with_name(f"{base.name}-{extra or 'none'}")
    run(python(base), "-m", "venv", "--clear", folder)
    for below, own in zip(packages(base), packages(folder), strict=True):
        (Path(own) / "below.pth").write_text(f"{below}\n")
    wanted = f"{archive}[{extra}]" if extra else archive
    run(python(folder), "-m", "pip", "install", "-q", "--no-compile", "-c", ROOT / "constraints.txt", wanted)
    asked(python(folder), EXPLAINED + USES.get(extra, ""), cwd=folder)
    shutil.rmtree(folder)
    print(f"Python {base.name}: {archive.name}[{extra}]", flush=True)


def packages(folder: Path) -> Iterator[str]:
    """Where an environment's packages lie."""
    yield from json.loads(asked(python(folder), "import json, site; print(json.dumps(site.getsitepackages()))"))


def python(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / "bin" / "python"


def asked(interpreter: str | Path, code: str, cwd: Path | None = None) -> str:
    """What a program prints."""
    return subprocess.run([interpreter, "-c", code], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def run(*command: object) -> None:
    """Carry out a command, or end with what it says."""
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
