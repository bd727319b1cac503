"""Settings: where they come from, what is understood, and one clear line for each that is wrong."""

import os
import traceback
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from app.config.settings import Settings, SettingsError, load_settings

CANARY = "c4n4ry-that-nobody-may-see-in-any-message"
SECRET_32 = "x" * 32


@pytest.fixture(autouse=True)
def bare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and nothing in the environment that a setting would read."""
    for name in os.environ:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    return folder


def error(**variables: str) -> str:
    """What is said about these variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            load_settings()
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example", ("https://a.example",)),
        ("https://a.example,http://localhost:3000", ("https://a.example", "http://localhost:3000")),
        (" https://a.example , http://b.example:8080 ", ("https://a.example", "http://b.example:8080")),
        ("https://a.example,,https://b.example,", ("https://a.example", "https://b.example")),
        ('["https://a.example", "https://b.example"]', ("https://a.example", "https://b.example")),
        ('  ["https://a.example/"]\n', ("https://a.example",)),
        ("https://a.example/", ("https://a.example",)),
        ("http://127.0.0.1:5173/ , http://[::1]:5173/", ("http://127.0.0.1:5173", "http://[::1]:5173")),
        ("capacitor://localhost", ("capacitor://localhost",)),
        ("*", ("*",)),
        (" * ", ("*",)),
        ('["*"]', ("*",)),
        ("[]", ()),
        (" , ", ()),
    ],
)
def test_a_list_of_origins_is_understood(text: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", text)
    assert load_settings().cors_origins == expected


@pytest.mark.parametrize(
    "text",
    [
        "a.example",
        "localhost:3000",
        "https://",
        "://a.example",
        "https://a.example/path",
        "https://a.example?x=1",
        "https://user@a.example",
        "https://*.a.example",
        "https://a.example https://b.example",
        "null",
        "**",
        "*,https://a.example",
        "*,*",
        '["https://a.example"',
        '["https://a.example", 7]',
        '["https://a.example", ""]',
        '[["https://a.example"]]',
        '{"origins": "https://a.example"}',
        '"https://a.example"',
    ],
)
def test_a_list_that_holds_something_else_is_refused(text: str) -> None:
    message = error(CORS_ORIGINS=text)
    assert message.startswith("CORS_ORIGINS: ")
    assert "\n" not in message


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", CANARY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://todo:{CANARY}@db/todo")
    settings = load_settings()
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == CANARY
    assert CANARY in settings.database_url.get_secret_value()
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()


def test_a_fault_of_validation_repeats_no_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"port": CANARY})
    assert CANARY not in str(caught.value)


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


PLACES: Final = ("database_url", "replica_url")


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name not in PLACES])
def test_an_empty_variable_is_as_none_at_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = load_settings()
    monkeypatch.setenv(name.upper(), "")
    assert load_settings() == usual


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("where", ["the environment", "the file"])
def test_an_empty_place_of_the_data_is_no_choice(
    name: str, where: str, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that somebody forgot to fill must not end as a fresh SQLite file, or without a replica."""
    if where == "the file":
        (bare / ".env").write_text(f"{name.upper()}=\n", encoding="utf-8")
    else:
        monkeypatch.setenv(name.upper(), "")
    with pytest.raises(SettingsError, match=f"^{name.upper()}: is set and empty"):
        load_settings()


def test_the_env_file_of_the_working_folder_is_read(bare: Path) -> None:
    text = '# ours\nPORT=9000\nCOMMIT_SHA="abc#1"\nexport HOST=192.0.2.7\nUNKNOWN_TO_US=x\nLOG_LEVEL=\n'
    (bare / ".env").write_text(text, encoding="utf-8")
    settings = load_settings()
    assert (settings.port, settings.commit_sha, settings.host, settings.log_level) == (
        9000,
        "abc#1",
        "192.0.2.7",
        "info",
    )


def test_the_env_file_of_another_folder_is_not_read(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("PORT=9000\n", encoding="utf-8")
    below = bare / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert load_settings().port == 8000


def test_the_environment_beats_the_env_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("PORT=9000\nWORKERS=2\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("WORKERS", "")
    settings = load_settings()
    assert (settings.port, settings.workers) == (9001, 2)


def test_the_case_of_a_variable_is_of_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("log_level", "debug")
    assert load_settings().log_level == "debug"


def test_what_the_command_line_gives_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("HOST", "192.0.2.7")
    settings = load_settings(port=9002)
    assert (settings.port, settings.host) == (9002, "192.0.2.7")


def test_a_wrong_value_from_the_command_line_is_one_line() -> None:
    with pytest.raises(SettingsError, match=r"\APORT: .*65535\Z"):
        load_settings(port=70_000)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ENVIRONMENT", CANARY),
        ("ACCESS_TOKEN_MINUTES", CANARY),
        ("ACCESS_TOKEN_MINUTES", "0"),
        ("ACCESS_TOKEN_MINUTES", "1441"),
        ("ACCESS_TOKEN_MINUTES", "1.5"),
        ("SESSION_DAYS", CANARY),
        ("SESSION_DAYS", "3651"),
        ("PASSWORD_MIN_LENGTH", CANARY),
        ("PASSWORD_MIN_LENGTH", "7"),
        ("PASSWORD_MIN_LENGTH", "65"),
        ("CORS_ORIGINS", CANARY),
        ("CORS_ORIGINS", f"[{CANARY}"),
        ("PORT", CANARY),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "8000/tcp"),
        ("WORKERS", CANARY),
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("MAX_BODY_BYTES", CANARY),
        ("MAX_BODY_BYTES", "1023"),
        ("MAX_BODY_BYTES", "1MB"),
        ("DB_POOL_SIZE", CANARY),
        ("DB_POOL_SIZE", "0"),
        ("DB_POOL_SIZE", "201"),
        ("DB_POOL_TIMEOUT", CANARY),
        ("DB_POOL_TIMEOUT", "-0.5"),
        ("DB_POOL_TIMEOUT", "61"),
        ("DB_POOL_TIMEOUT", "nan"),
        ("DB_CONNECT_TIMEOUT", CANARY),
        ("DB_CONNECT_TIMEOUT", "-1"),
        ("DB_CONNECT_TIMEOUT", "inf"),
        ("LOG_LEVEL", CANARY),
        ("LOG_LEVEL", "verbose"),
        ("COMMIT_SHA", CANARY * 2),
        ("JWT_SECRET", CANARY[:31]),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_not_the_value(variable: str, value: str) -> None:
    message = error(**{variable: value})
    assert message.startswith(f"{variable}: ")
    assert "\n" not in message
    assert value not in message.removeprefix(variable)


def test_a_wrong_value_in_the_env_file_is_told_the_same_way(bare: Path) -> None:
    (bare / ".env").write_text(f"PORT={CANARY}\n", encoding="utf-8")
    assert error().startswith("PORT: ")


def test_an_env_file_that_is_not_text_is_told_in_one_line(bare: Path) -> None:
    (bare / ".env").write_bytes(f"COMMIT_SHA=\xe9{CANARY}\n".encode("latin-1"))
    message = error()
    assert ".env" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("secret", "is_good"),
    [
        ("x" * 31, False),
        ("x" * 32, True),
        ("\u00e4" * 15 + "x", False),
        ("\u00e4" * 16, True),
        ("\U0001f511" * 8, True),
        ("\U0001f511" * 7 + "xxx", False),
    ],
    ids=["31 bytes", "32 bytes", "31 bytes of 16", "32 bytes of 16", "32 bytes of 8", "31 bytes of 10"],
)
def test_a_secret_is_measured_in_bytes(secret: str, is_good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_good:
        assert "at least 32 bytes" in error(JWT_SECRET=secret)
        return
    monkeypatch.setenv("JWT_SECRET", secret)
    settings = load_settings()
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == secret


@pytest.mark.parametrize(
    "where",
    [{"ENVIRONMENT": "production"}, {"SPACE_ID": "somebody/todo"}],
    ids=["production", "a Space"],
)
@pytest.mark.parametrize("secret", [{}, {"JWT_SECRET": ""}], ids=["unset", "empty"])
def test_where_others_log_in_a_secret_must_be_set(where: dict[str, str], secret: dict[str, str]) -> None:
    message = error(**where, **secret)
    assert message.startswith("JWT_SECRET: is not set")
    assert "token_urlsafe" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("variables", "is_production", "is_space"),
    [
        ({}, False, False),
        ({"ENVIRONMENT": "production", "JWT_SECRET": SECRET_32}, True, False),
        ({"SPACE_ID": "somebody/todo", "JWT_SECRET": SECRET_32}, False, True),
        ({"SPACE_ID": ""}, False, False),
    ],
    ids=["at home", "production", "a Space", "an empty SPACE_ID"],
)
def test_it_is_known_where_this_runs(
    variables: dict[str, str], is_production: bool, is_space: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.is_production, settings.is_space) == (is_production, is_space)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("ACCESS_TOKEN_MINUTES", "1440", 1440),
        ("PASSWORD_MIN_LENGTH", "64", 64),
        ("PORT", "0", 0),
        ("MAX_BODY_BYTES", "1024", 1024),
        ("DB_POOL_SIZE", "200", 200),
        ("DB_POOL_TIMEOUT", "0.5", 0.5),
        ("DB_CONNECT_TIMEOUT", "60", 60.0),
        ("LOG_LEVEL", "error", "error"),
    ],
)
def test_a_value_at_the_edge_is_taken(variable: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(load_settings(), variable.lower()) == value
