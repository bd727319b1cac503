"""What broke in other todo backends, and the test that shows of each that it does not break here."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.servers import ROOT
from tests.support.tokens import decoded, sealed

API, E2E, IMAGE = "tests/api/test_siblings.py", "tests/e2e/test_siblings.py", "tests/unit/test_image_files.py"
REPLICA, SPACE = "tests/e2e/test_replication.py", "tests/unit/test_space_files.py"
HERE: Final = "tests/architecture/test_siblings.py"

ROWS: Final[dict[str, list[tuple[str, str]]]] = {
    "unauthenticated call answers 500": [(API, "test_an_unauthenticated_call_is_401_and_not_500")],
    "no CORS headers on preflight or on errors": [(API, "test_a_preflight_and_an_error_carry_cors_headers")],
    "/docs behind auth": [(API, "test_the_documentation_needs_no_login")],
    "no tables, migrations not in the image": [
        (E2E, "test_the_first_request_finds_its_tables"),
        (IMAGE, "test_the_last_stage_gets_code_migrations_and_their_configuration"),
    ],
    "a spelling of the address becomes SQLite": [(E2E, "test_no_spelling_of_an_address_becomes_a_file_in_silence")],
    "URL with password in the log": [(E2E, "test_a_password_in_an_address_is_in_no_line")],
    "sslmode=require TypeError": [(E2E, "test_sslmode_require_is_no_type_error")],
    "prepared statements behind pgbouncer": [(API, "test_behind_a_pooler_no_prepared_statement_is_left_behind")],
    "idle connections cut by the server": [(API, "test_a_connection_that_the_server_cut_is_replaced_unseen")],
    "uid 1000 cannot write": [(IMAGE, "test_the_folder_of_the_database_is_made_for_the_user")],
    "venv unreadable after USER": [
        (IMAGE, "test_files_are_given_to_the_user_as_they_are_copied"),
        (IMAGE, "test_nothing_is_run_or_copied_once_the_user_is_set"),
    ],
    "${PORT} in exec-form CMD": [(IMAGE, "test_no_command_waits_for_a_shell_to_fill_in_a_variable")],
    "front matter rejected": [(SPACE, "test_a_fault_in_the_readme_is_seen")],
    "HEAD / 405": [(API, "test_head_is_answered_as_get_and_405_says_what_is_allowed")],
    "slash redirect to http://": [(API, "test_a_slash_at_the_end_is_no_redirect_to_http")],
    "CORS_ORIGINS=a,b crashes settings": [(E2E, "test_origins_by_commas_are_a_list")],
    "trailing slash in an origin": [(API, "test_an_origin_with_a_trailing_slash_is_that_origin")],
    "any-origin reflection with credentials": [(API, "test_no_foreign_origin_is_reflected_with_credentials")],
    "default JWT secret": [(E2E, "test_there_is_no_default_secret")],
    "token without exp accepted": [(API, "test_a_token_that_never_expires_is_refused")],
    "passlib with bcrypt 5": [(E2E, "test_a_password_is_hashed_by_neither_passlib_nor_bcrypt")],
    "password cut at 72 bytes": [(API, "test_a_password_counts_beyond_its_72nd_byte")],
    "unsalted hashes": [(API, "test_two_who_have_one_password_have_two_hashes")],
    "toggle retried flips back": [(API, "test_a_toggle_that_is_retried_does_not_flip_back")],
    "204 with a body": [(API, "test_204_has_no_body")],
    "health green while the database is down": [(API, "test_health_is_red_while_the_database_is_down")],
    "Postgres-only DDL on SQLite": [(E2E, "test_the_schema_is_made_on_every_database")],
    "recovery that deletes the database": [
        (REPLICA, "test_a_file_that_no_history_belongs_to_is_not_written_over"),
        (REPLICA, "test_an_elder_starts_anew_when_nobody_is_left"),
    ],
    "data gone after a restart": [
        (REPLICA, "test_a_stopped_instance_leaves_everything_behind"),
        (REPLICA, "test_an_acknowledged_write_survives_the_end_of_everything"),
    ],
    "tests that accept 422 as success": [(HERE, "test_no_test_takes_a_failure_for_a_success")],
    "credentials in the repository": [(HERE, "test_no_credentials_are_in_the_repository")],
}


def names_in(file: str) -> set[str]:
    """The tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions) and node.name.startswith("test_")}


def test_every_row_has_its_tests() -> None:
    named = [place for places in ROWS.values() for place in places]
    assert [place for place in named if place[1] not in names_in(place[0])] == []
    assert "test_that_nobody_has_written" not in names_in(API)
    assert len(ROWS) == 31


def test_every_such_test_has_its_row() -> None:
    named = {place for places in ROWS.values() for place in places}
    assert [(file, name) for file in (API, E2E) for name in names_in(file) if (file, name) not in named] == []


def tracked(*patterns: str) -> Iterator[Path]:
    """The files that the repository keeps."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return (ROOT / name for name in listed.stdout.splitlines())


def lenient(source: str) -> list[int]:
    """The lines that take a good status or a bad one, as `status_code in {200, 422}` does."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In) and "status" in ast.unparse(node.left):
            among = getattr(node.comparators[0], "elts", [])
            statuses = [each.value for each in among if isinstance(each, ast.Constant) and isinstance(each.value, int)]
            if min(statuses, default=400) < 400 <= max(statuses, default=0):
                lines.append(node.lineno)
    return lines


def test_no_test_takes_a_failure_for_a_success() -> None:
    files = list(tracked("tests/*.py"))
    assert len(files) > 50
    assert [f"{file.name}:{line}" for file in files for line in lenient(file.read_text(encoding="utf-8"))] == []
    assert lenient("x = 1\nassert answer.status_code in (200, 422)\nassert answer.status_code in {200, 201}") == [2]


_CREDENTIALS: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|sk-[\w-]{30,}|npg_\w{10,}|AKIA[A-Z0-9]{16})\b"
    r"|\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15,}"
    r"|://[^\s:/@]+:[^\s/@]{8,}@[\w.-]+\.(?:neon\.tech|supabase\.(?:co|com)|psdb\.cloud|aivencloud\.com|rds\.amazonaws\.com)"
)
"""Keys, the tokens of the usual places, signed web tokens, and hosted databases with a password."""


def credentials(text: str) -> list[str]:
    """What looks like one, except for tokens that the tests' own key has signed."""
    return [found for found in _CREDENTIALS.findall(text) if not is_ours(found)]


def is_ours(found: str) -> bool:
    header, _, rest = found.partition(".")
    return header.startswith("eyJ") and found == sealed(decoded(header), decoded(rest.partition(".")[0]))


def test_no_credentials_are_in_the_repository() -> None:
    files = list(tracked())
    assert not [file for file in files if file.name == ".env" or file.suffix in {".db", ".pem", ".key", ".jwt-secret"}]
    texts = {file: file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()}
    assert {str(file.relative_to(ROOT)): found for file, text in texts.items() if (found := credentials(text))} == {}
    token = f"hf_{'a' * 34}"
    assert credentials(f"HF_TOKEN={token}") == [token]
    assert len(credentials("postgresql://ada:correct-horse@ep-cool.eu.aws.neon" + ".tech/todo")) == 1
    parts = (b'{"alg": "HS256", "typ": "JWT"}', b'{"role": "service", "iss": "somebody"}')
    assert [len(credentials(each)) for each in (sealed(*parts), sealed(*parts, "another key"))] == [0, 1]
