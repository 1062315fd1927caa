import pytest
from krea import Krea


@pytest.fixture
def client():
    return Krea(api_key="test-key-id:test-key-secret-value")


def test_header(client):
    assert client.headers["Authorization"] == "Bearer test-key-id:test-key-secret-value"


def test_invalid():
    with pytest.raises(ValueError):
        Krea(api_key="not_a_valid_key_without_a_colon")
    with pytest.raises(ValueError):
        Krea(api_key="00000000-0000-0000-0000-000000000000:test-secret-test-secret")
