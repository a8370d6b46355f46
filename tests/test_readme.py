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


NEEDED = {  # what pages show besides the package's own dependencies
    "baselines": ("sklearn", "safetensors"),
    "draw": ("matplotlib", "skimage", "sklearn", "safetensors", "transformers"),
    "hugging_face": ("sklearn", "safetensors", "transformers"),
    "inside": ("jinja2", "matplotlib", "pandas", "sklearn", "safetensors"),
    "interactions": ("matplotlib", "pandas", "sklearn", "safetensors"),
    "players": ("sklearn", "skimage", "safetensors", "transformers"),
    "reports": ("jinja2", "pandas", "sklearn", "safetensors"),
    "scikit_learn": ("pandas", "sklearn"),
    "studies": ("matplotlib", "pandas", "pyarrow", "sklearn", "statsmodels"),
    "your_network": ("jinja2", "sklearn"),
    "your_own_method": ("captum",),
}
LEFT = {  # files that a page leaves behind
    "inside": {"table.png", "votes.png", "ranking.csv", "layers.png", "neurons.html", "half.png"},
    "your_network": {"report.html"},
}


@pytest.mark.parametrize("page", [path.stem for path in sorted((ROOT / "docs" / "howto").glob("*.md"))])
def test_a_page_of_the_how_to_runs_by_itself(page, tmp_path, monkeypatch, registry):
    for package in NEEDED.get(page, ()):
        pytest.importorskip(package, reason=f"the page shows {package}, or an example that needs it")
    monkeypatch.chdir(tmp_path)
    code = blocks(f"docs/howto/{page}.md")
    if any("from_pretrained(" in each for each in code):
        save_texts()
        save_pictures()
    torch.manual_seed(0)
    names = {}
    with warnings.catch_warnings():
        if page == "your_own_method":
            warnings.simplefilter("ignore")  # captum sets hooks and says so
        for each in code:
            exec(each, names)
    assert LEFT.get(page, set()) <= {path.name for path in tmp_path.iterdir()}
