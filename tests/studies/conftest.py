"""A study that the tests of this folder look at."""

import pytest

pytest.importorskip("pyarrow", reason="a study needs the extra 'studies'")
pytest.importorskip("pandas", reason="its table needs the extra 'studies'")

from study_cases import asked


@pytest.fixture(scope="package")
def done(tmp_path_factory):
    return asked(tmp_path_factory.mktemp("study") / "small")
