"""What is said about accounts, logins and tokens."""

import base64
import json
from datetime import timedelta
from typing import Any, Final

import jwt

from tests.contract.transcript import Person, Recorder, person
from tests.support.accounts import PASSWORD
from tests.support.servers import SECRET

_BAD_REGISTRATIONS: Final = {
    "no fields": {},
    "no password": {"email": "new@example.com"},
    "no e-mail": {"password": PASSWORD},
    "null for both": {"email": None, "password": None},
    "no address": {"email": "nobody", "password": PASSWORD},
    "an empty address": {"email": "", "password": PASSWORD},
    "two addresses": {"email": "a@example.com, b@example.com", "password": PASSWORD},
    "an address with NUL": {"email": "a\x00@example.com", "password": PASSWORD},
    "an address that is too long": {"email": f"{'x' * 250}@example.com", "password": PASSWORD},
    "a domain without a dot": {"email": "a@localhost", "password": PASSWORD},
    "a number for an address": {"email": 7, "password": PASSWORD},
    "seven characters": {"email": "new@example.com", "password": "1234567"},
    "an empty password": {"email": "new@example.com", "password": ""},
    "257 characters": {"email": "new@example.com", "password": "x" * 257},
    "a number for a password": {"email": "new@example.com", "password": 12345678},
    "a field that is not known": {"email": "new@example.com", "password": PASSWORD, "is_admin": True},
    "a blank name": {"email": "new@example.com", "password": PASSWORD, "name": " \t "},
    "a name of 201 characters": {"email": "new@example.com", "password": PASSWORD, "name": "x" * 201},
    "a name with NUL": {"email": "new@example.com", "password": PASSWORD, "name": "A\x00da"},
    "everything wrong at once": {"email": "x", "password": 1, "name": 2, "role": "admin"},
    "a list": [],
    "a string": "new@example.com",
    "null": None,
}

_PROFILES: Final[tuple[Any, ...]] = (
    {"name": "  Ada  Lovelace "},
    {"name": "Ada  Lovelace"},
    {"time_zone": "Europe/Berlin"},
    {"name": None, "time_zone": "Asia/Kathmandu"},
    {},
    {"name": ""},
    {"name": "x" * 201},
    {"name": 7},
    {"name": "A\u202eda\x07"},
    {"time_zone": None},
    {"time_zone": "Mars/Olympus"},
    {"time_zone": "../../etc/passwd"},
    {"time_zone": ""},
    {"time_zone": "x" * 65},
    {"time_zone": 1},
    {"email": "eve@example.com"},
    {"version": 9, "id": "x"},
    [],
    None,
)


async def registration(say: Recorder) -> None:
    path = "POST /api/auth/register"
    await say(path, {"email": "ada@example.com", "password": PASSWORD})
    await say(path, {"email": "bob@example.com", "password": "12345678", "name": "  Bob \u00d8. "})
    await say(path, {"email": "Cara.Long+todo@Sub.Example.COM", "password": "x" * 256, "name": None})
    await say(
        path + "/", {"email": "dora@example.com", "password": "\u00e9" * 8, "name": "Dora \U0001f469\u200d\U0001f680"}
    )
    await say(path, {"email": "erik@b\u00fccher.example", "password": PASSWORD}, note="a domain beyond ASCII")
    await say(path, {"email": "ada@example.com", "password": PASSWORD}, note="the same address again")
    await say(path, {"email": "ADA@Example.com", "password": PASSWORD}, note="in another case")
    await say(path, {"email": " ada@example.com ", "password": PASSWORD}, note="with blanks around it")
    await say(path, {"email": "\uff41da@example.com", "password": PASSWORD}, note="with a wide letter")
    for note, body in _BAD_REGISTRATIONS.items():
        await say(path, body, note=note)
    await say(path, note="no body")
    await say(path, content=b'{"email": "new@example.com", "password": "\\ud800xxxxxxx"}', note="half a character",
              Content_Type="application/json")  # fmt: skip
    await say(path, content=b"email=new%40example.com", Content_Type="application/x-www-form-urlencoded")


async def logins(say: Recorder) -> None:
    path = "POST /api/auth/login"
    await say.join("ada")
    good = {"email": "ada@example.com", "password": PASSWORD}
    await say(path, good)
    await say(path + "/", {**good, "email": " ADA@EXAMPLE.COM "}, note="the address in another case, with blanks")
    await say(path, {**good, "password": PASSWORD + "."})
    await say(path, {**good, "password": PASSWORD.upper()})
    await say(path, {**good, "password": ""})
    await say(path, {**good, "email": "nobody@example.com"}, note="an address that nobody has: the same answer")
    await say(path, {**good, "email": "nothing"}, note="no address at all: the same answer")
    await say(path, {**good, "email": "x" * 321})
    await say(path, {**good, "email": "ada\x00@example.com"})
    await say(path, {**good, "password": "x" * 257})
    await say(path, {"email": "ada@example.com"})
    await say(path, {"username": "ada@example.com", "password": PASSWORD})
    await say(path, {"email": ["ada@example.com"], "password": {"$ne": ""}})
    await say(path, [])
    await say(path)
    await say(path, content=b'{"email": ', Content_Type="application/json")
    await say(path, content=b"ada", Content_Type="text/plain")


async def forms(say: Recorder) -> None:
    async def form(content: str, note: str = "", media_type: str = "application/x-www-form-urlencoded") -> None:
        await say("POST /api/auth/token", content=content.encode(), note=note, Content_Type=media_type)

    await say.join("ada")
    password = PASSWORD.replace(" ", "+")
    await form(f"username=ada%40example.com&password={password}")
    await form(f"grant_type=password&username=ADA%40example.com&password={password}&scope=a+b&client_id=x")
    await form("username=ada%40example.com&password=wrong")
    await form(f"username=nobody%40example.com&password={password}")
    await form("username=ada%40example.com")
    await form("")
    await form(f"grant_type=client_credentials&username=ada%40example.com&password={password}")
    await form(f"username={'x' * 321}&password={password}", "too long for an address")
    await form(f"username=a%00%40example.com&password={password}", "an address with NUL")
    await form(f"username=ada%40example.com&password={'x' * 257}", "too long for a password")
    await form("username=%FF&password=%FF", "not UTF-8")
    await form(json.dumps({"username": "ada@example.com", "password": PASSWORD}), "JSON", "application/json")
    part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    both = [part.format("username", "ada@example.com"), part.format("password", PASSWORD)]
    parts = "--x\r\n" + "--x\r\n".join(both) + "--x--\r\n"
    await form(parts, "in parts", "multipart/form-data; boundary=x")
    await form("--y\r\nbroken", "broken parts", "multipart/form-data; boundary=x")
    await form(parts, "no boundary", "multipart/form-data")


async def profiles(say: Recorder) -> None:
    ada = await say.join("ada")
    await say("GET /api/auth/me", who=ada)
    await say("HEAD /api/auth/me", who=ada)
    await say("GET /api/auth/me/", who=ada)
    for body in _PROFILES:
        await say("PATCH /api/auth/me", body, who=ada)
    await say("PATCH /api/auth/me", {"name": "Ada"}, who=ada, Content_Type="application/merge-patch+json")
    await say("PATCH /api/auth/me", who=ada, content=b"name=Ada", Content_Type="text/plain")
    await say("PATCH /api/auth/me", {"name": "Eve"})


async def profile_conditions(say: Recorder) -> None:
    ada = await say.join("ada")
    for tag in ('"1"', 'W/"1"', '"0", "1"', "*", '"2"', "1", ""):
        await say("GET /api/auth/me", who=ada, If_None_Match=tag)
    await say("HEAD /api/auth/me", who=ada, If_None_Match='"1"')
    await say("PATCH /api/auth/me", {"name": "Ada"}, who=ada, If_Match='"1"')
    await say("PATCH /api/auth/me", {"name": "Eve"}, who=ada, If_Match='"1"')
    await say("PATCH /api/auth/me", {"name": "Eve"}, who=ada, If_Match='W/"2"')
    await say("PATCH /api/auth/me", {"name": "Ada B."}, who=ada, If_Match='"7", "2"')
    await say("PATCH /api/auth/me", {"name": "Ada C."}, who=ada, If_Match="*")
    await say("PATCH /api/auth/me", {"name": "Eve"}, who=ada, If_None_Match="*")
    await say("GET /api/auth/me", who=ada, If_None_Match='"1"')


async def sessions(say: Recorder) -> None:
    first = await say.join("ada")
    login = await say("POST /api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    second = person("ada, second login", login)
    await say("POST /api/auth/logout", who=first)
    await say("POST /api/auth/logout", who=first, note="again")
    await say("GET /api/auth/me", who=first)
    await say("GET /api/auth/me", who=second, note="the other login stands")
    say.clock.skip(timedelta(minutes=14, seconds=50))
    await say("GET /api/auth/me", who=second, note="the last seconds of 15 minutes")
    say.clock.skip(timedelta(seconds=10))
    await say("GET /api/auth/me", who=second, note="and then it is over")
    await say("POST /api/auth/logout/", who=second)
    await say("POST /api/auth/logout")
    async with say.talking(access_token_minutes=1440, session_days=1):
        login = await say("POST /api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
        third = person("ada, third login", login)
        say.clock.skip(timedelta(days=1) - timedelta(seconds=4))
        await say("GET /api/auth/me", who=third)
        say.clock.skip(timedelta(seconds=2))
        await say("GET /api/auth/me", who=third, note="a day has passed: the login too is over")


async def tokens(say: Recorder) -> None:
    ada = await say.join("ada")
    await say("GET /api/auth/me", note="no token")
    for scheme, note in (("Basic YWRhOmFkYQ==", ""), ("Bearer", ""), ("Bearer  ", ""), (f"Token {ada.token}"[:9], "")):
        await say("GET /api/auth/me", note=note, Authorization=scheme)
    head, body, seal = ada.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    key_id = jwt.get_unverified_header(ada.token)["kid"]

    def signed(secret: str = SECRET, algorithm: str = "HS256", head: object = None, **changes: object) -> str:
        changed = {name: value for name, value in {**claims, **changes}.items() if value != "-"}
        headers = {"typ": "at+jwt", "kid": key_id, **(head if isinstance(head, dict) else {})}
        return jwt.encode(changed, secret, algorithm, headers=headers)

    forged = {
        "text": "text",
        "its signature cut off": f"{head}.{body}.",
        "its last character changed": ada.token[:-1] + ("A" if ada.token[-1] != "A" else "E"),
        "the body of another": f"{head}.{base64.urlsafe_b64encode(b'{}').decode()}.{seal}",
        "signed by nobody": jwt.encode(claims, "", "none", headers={"typ": "at+jwt", "kid": key_id}),
        "signed with another secret": signed(secret="x" * 32),
        "signed with another algorithm": signed(secret=SECRET * 2, algorithm="HS512"),
        "of another type": signed(head={"typ": "JWT"}),
        "of an unknown key": signed(head={"kid": "000000000000"}),
        "of another issuer": signed(iss="elsewhere"),
        "for another audience": signed(aud="elsewhere"),
        "without an expiry": signed(exp="-"),
        "with an expiry in words": signed(exp="never"),
        "for a user who does not exist": signed(sub="018f0000-0000-7000-8000-000000000001"),
        "for a session that does not exist": signed(sid="018f0000-0000-7000-8000-000000000001"),
        "for a user who is no id": signed(sub="ada"),
    }
    for note, token in forged.items():
        await say("GET /api/auth/me", who=Person(f"a token {note}" if note != "text" else "text", "", token))
    await say("GET /api/auth/me", who=Person("signed again as it was", "", signed()))
