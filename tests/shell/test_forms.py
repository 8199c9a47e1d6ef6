"""What is typed or pasted into a form is understood."""

import pytest

from custom_components.protect_narrator.forms import InvalidHostError, address_of


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("192.168.1.1", "192.168.1.1", None),
        (" console.local\n", "console.local", None),
        ("console", "console", None),
        ("console.local:8443", "console.local", 8443),
        ("https://192.168.1.1/protect/dashboard?a=b#c", "192.168.1.1", None),
        ("https://console.local:8443", "console.local", 8443),
        ("HTTP://console.local/", "console.local", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:8443", "2001:db8::1", 8443),
        ("https://[2001:db8::1]:8443/protect", "2001:db8::1", 8443),
        ("m\u00fcller.local", "xn--mller-kva.local", None),
    ],
)
def test_a_host_is_read_from_whatever_names_it(typed: str, host: str, port: int | None) -> None:
    assert address_of(typed) == (host, port)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "two words",
        "-console",
        "192.168.1",
        "192.168.1.256",
        "[2001:db8::1",
        "console.local:0",
        "console.local:65536",
        "console.local:protect",
        "https://",
        "https:///protect",
        "rtsps://192.168.1.1:7441/stream",
        "https://user:secret@console.local",
    ],
)
def test_what_is_no_host_is_a_typed_error(typed: str) -> None:
    with pytest.raises(InvalidHostError):
        address_of(typed)
