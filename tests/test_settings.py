"""Settings as they are written in Python and on a command line."""

from decompositions.settings import options, setting


def test_in_python():
    assert setting("limit", 8192) == "limit=8192"
    assert setting("output", "logit") == "output='logit'"
    assert setting("target") == "target="
    assert setting("degree", 6, "taylor(game, {})") == "taylor(game, degree=6)"


def test_on_a_command_line():
    with options({"limit": "--limit", "output": "--output-kind", "degree": "--degree", "target": "--target"}):
        assert setting("limit", 8192) == "--limit 8192"
        assert setting("output", "logit") == "--output-kind logit"
        assert setting("degree", 6, "taylor(game, {})") == "--degree 6"
        assert setting("target") == "--target"
        assert setting("chunk", 1) == "chunk=1"  # no option of this command
        with options({}):
            assert setting("limit", 8) == "limit=8"
    assert setting("limit", 8) == "limit=8"
