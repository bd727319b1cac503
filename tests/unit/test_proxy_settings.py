"""The settings of a service behind a proxy: what is understood, and one clear line for each that is wrong."""

import pytest

from app.config.settings import SettingsError, load_settings


def error(**values: str) -> str:
    """What is said about these settings."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("10.0.0.7", ("10.0.0.7/32",)),
        (" 10.0.0.0/8 , 2001:db8::/32,", ("10.0.0.0/8", "2001:db8::/32")),
        ('["10.0.0.7", "::1"]', ("10.0.0.7/32", "::1/128")),
        ("[]", ()),
    ],
)
def test_proxies_are_addresses_or_networks(text: str, networks: tuple[str, ...]) -> None:
    assert load_settings(trusted_proxies=text).trusted_proxies == networks


def test_nobody_is_trusted_by_default() -> None:
    assert load_settings().trusted_proxies == ()


@pytest.mark.parametrize("text", ["*", "10.0.0.7,*", '["*"]', "0.0.0.0/0", "::/0"])
def test_everybody_is_no_proxy_and_the_line_says_why(text: str) -> None:
    assert error(trusted_proxies=text) == (
        "TRUSTED_PROXIES: must name the proxies: "
        "where everybody is trusted, every client chooses the address it is known by"
    )


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "10.0.0.1/8", "127.1", "10.0.0.7:80", '["10.0.0.7"'])
def test_what_is_no_address_is_refused(text: str) -> None:
    line = error(trusted_proxies=text)
    assert line.startswith("TRUSTED_PROXIES: ")
    assert text not in line


@pytest.mark.parametrize("text", ["https://a.hf.space", "a.hf.space/app", "a b", "a.hf.space:port"])
def test_a_host_is_no_address_of_a_page(text: str) -> None:
    assert error(space_host=text) == "SPACE_HOST: each must be a host name, as in somebody-todo.hf.space"


@pytest.mark.parametrize("text", ["https://git.example/a/b", "http://git.example", "https://git.example:8443/a?b=c#d"])
def test_a_repository_is_on_the_web(text: str) -> None:
    assert load_settings(repository_url=text).repository_url == text


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "git@git.example:a/b", "https://ada:secret@git.example/a", "https://", "git.example"],
)
def test_any_other_repository_is_refused(text: str) -> None:
    line = error(repository_url=text)
    assert line.startswith("REPOSITORY_URL: ")
    assert text not in line
