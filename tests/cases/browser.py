"""A page as headless Chromium shows it, with a script that a person's hands would be, and what it then finds."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=4000",
]
NARROWEST = 500  # pixels: a window of Chromium is no narrower, a frame is


def tried(page: Path, script: str, width: int = 1280, height: int = 900) -> tuple[dict, list[str]]:
    """What a script finds on a page, and what the console says: the script's value is an object.

    Args:
        page: the file.
        script: the body of a function of the page's ``window`` and ``document``.
        width: of the frame in which the page is shown, in pixels.
        height: the same.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        body = f"""<!DOCTYPE html><body style="margin:0"><iframe id="page" src="page.html"
            style="border:0;width:{width}px;height:{height}px"></iframe><pre id="found"></pre><script>
            document.getElementById("page").addEventListener("load", (event) => {{
              const window = event.target.contentWindow, document = window.document;
              let found;
              try {{ found = (() => {{ {script} }})(); }} catch (error) {{ found = {{ error: String(error) }}; }}
              self.document.getElementById("found").textContent = JSON.stringify(found);
            }});</script>"""
        (place / "frame.html").write_text(body, encoding="utf8")
        shutil.copy(page, place / "page.html")
        run = subprocess.run(
            [CHROMIUM, *QUIET, "--allow-file-access-from-files", f"--user-data-dir={place / 'profile'}",
             f"--window-size={max(width, NARROWEST)},{height}", "--dump-dom", f"file://{place / 'frame.html'}"],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    text = re.search(r'<pre id="found">(.*?)</pre>', run.stdout, re.S)[1]
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, letter)
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(text), console
