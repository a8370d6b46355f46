"""What the README and the how-to show runs as it is shown."""

import doctest
import re
import warnings
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def blocks(name: str) -> list[str]:
    return BLOCK.findall((ROOT / name).read_text())


def test_the_ten_lines_of_the_readme_run(capsys):
    exec(blocks("README.md")[0], {})
    assert "pass" in capsys.readouterr().out


def test_the_many_players_of_the_readme(capsys):
    exec(next(code for code in blocks("README.md") if "strongest(" in code), {})
    out = capsys.readouterr().out
    assert "shapley of 100 players from 5,000 coalitions" in out
    assert re.search(r"measured ≤ \d +undecided 1", out)


def test_the_exact_example_of_the_readme_prints_what_it_says():
    example = doctest.DocTestParser().get_doctest(blocks("README.md")[1], {}, "README.md", "README.md", 0)
    assert len(example.examples) == 4
    assert doctest.DocTestRunner().run(example).failed == 0


def save_texts():
    """The folders of local weights that the how-to reads."""
    import text_models

    for folder, model, tokenizer in (
        ("my-classifier", text_models.classifier(), text_models.word_pieces()),
        ("my-language-model", text_models.llama(), text_models.pieces_after_a_start()),
    ):
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def save_pictures():
    """Likewise, of a model of pictures."""
    import language_models
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    labels = {"id2label": {0: "dog", 1: "cat"}, "label2id": {"dog": 0, "cat": 1}}
    language_models.vit(**labels).save_pretrained("my-image-model")
    ViTImageProcessorPil(size={"height": 8, "width": 8}).save_pretrained("my-image-model")


def test_the_how_to_runs(tmp_path, monkeypatch, registry):
    for package in ("captum", "pandas", "skimage", "sklearn", "safetensors", "transformers"):
        pytest.importorskip(package, reason=f"the how-to shows {package}, or an example that needs it")
    monkeypatch.chdir(tmp_path)
    save_texts()
    save_pictures()
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4))
    expression = __import__("synergy").Game.from_expression("z1*z2**2", {"z1": 1, "z2": 2})
    names = {"net": net.double(), "x": torch.rand(1, 1, 4, 4).double(), "torch": torch}
    names["my_attribution"] = lambda model, inputs, baselines, target: inputs - baselines
    for code in blocks("docs/howto.md"):
        if "taylor" in code:
            exec(code, names | {"game": expression})
        elif "captum" in code:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # captum sets hooks and says so
                exec(code, names)
        else:
            exec(code.replace("grid(x.shape, 4)", "grid(x.shape, 2)"), names)
    assert (tmp_path / "report.html").stat().st_size > 1000


def test_the_way_inside_the_network_runs(tmp_path, monkeypatch):
    for package in ("jinja2", "matplotlib", "pandas", "sklearn", "safetensors"):
        pytest.importorskip(package, reason=f"the page shows what needs {package}")
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in blocks("docs/inside.md"):
        exec(code, names)
    assert {path.name for path in tmp_path.iterdir()} == {
        "table.png", "votes.png", "ranking.csv", "layers.png", "neurons.html", "half.png",
    }  # fmt: skip
