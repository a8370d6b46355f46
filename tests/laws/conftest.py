"""What several laws stand on."""

import pytest
from device_cases import Apart


@pytest.fixture
def apart(request):
    """Where tensors have no numbers."""
    if "device" in request.fixturenames:
        yield
    else:
        with Apart():
            yield
