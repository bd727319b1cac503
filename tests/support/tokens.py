"""Access tokens by hand: one as the service makes it, and every way to forge one.

No library of tokens is used here, since none will write what is wrong on purpose.
"""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from uuid import uuid4

from tests.support.servers import SECRET


def encoded(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def sealed(header: bytes, payload: bytes, secret: str = SECRET, digest: str = "sha256") -> str:
    """Two byte strings, which need not be JSON, and a signature that is right for them."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), digest))}"


@dataclass(frozen=True)
class Token:
    """A token taken apart; `str` of it is signed anew with the service's own key."""

    header: dict[str, Any]
    claims: dict[str, Any]

    @classmethod
    def of(cls, text: str) -> Self:
        header, claims, _ = text.split(".")
        return cls(json.loads(decoded(header)), json.loads(decoded(claims)))

    def __str__(self) -> str:
        return self.signed()

    def signed(self, secret: str = SECRET, digest: str = "sha256") -> str:
        return sealed(json.dumps(self.header).encode(), json.dumps(self.claims).encode(), secret, digest)

    def unsigned(self) -> str:
        """With an empty signature."""
        return self.signed().rpartition(".")[0] + "."

    def carrying(self, payload: bytes) -> str:
        """With any bytes in the place of the claims."""
        return sealed(json.dumps(self.header).encode(), payload)

    def headed(self, **header: Any) -> "Token":
        return replace(self, header=self.header | header)

    def claiming(self, **claims: Any) -> "Token":
        return replace(self, claims=self.claims | claims)

    def lacking(self, name: str) -> "Token":
        """Without one member of the header or one claim."""
        return Token(_without(self.header, name), _without(self.claims, name))


def _without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


Forgery = Callable[[Token], object]
"""Makes of a good token one that must be refused."""


def _claiming(**claims: Any) -> Forgery:
    return lambda token: token.claiming(**claims)


def _headed(**header: Any) -> Forgery:
    return lambda token: token.headed(**header)


def _unsigned(**header: Any) -> Forgery:
    return lambda token: token.headed(**header).unsigned()


def _lacking(name: str) -> Forgery:
    return lambda token: token.lacking(name)


def _brought(secret: str, **header: Any) -> Forgery:
    """Signed with the forger's own key, which the header offers or points to."""
    return lambda token: token.headed(**header).signed(secret)


def _carrying(payload: bytes) -> Forgery:
    return lambda token: token.carrying(payload)


def _text(text: str) -> Forgery:
    """Anything that is not the good token, which stands where `{}` is."""
    return text.format


def _tampered(part: int) -> Forgery:
    """One bit changed in the header (0), the payload (1) or the signature (2)."""

    def forge(token: Token) -> str:
        parts = str(token).split(".")
        data = bytearray(decoded(parts[part]))
        data[len(data) // 2] ^= 1
        parts[part] = encoded(bytes(data))
        return ".".join(parts)

    return forge


def _inserted(foreign: str, place: int) -> Forgery:
    """Characters put into the signature that a lenient decoder would skip: four, so that the padding still fits."""

    def forge(token: Token) -> str:
        head, _, signature = str(token).rpartition(".")
        return f"{head}.{signature[:place]}{foreign}{signature[place:]}"

    return forge


OWN_KEY: Final = "a key that the forger brings along"
_JWK: Final = {"kty": "oct", "k": encoded(OWN_KEY.encode())}
_ELSEWHERE: Final = "http://127.0.0.1:9/keys"
_CLAIMS: Final = ("iss", "aud", "sub", "exp", "iat", "jti", "sid")

_SIGNATURES: Final[dict[str, Forgery]] = {
    **{f"alg {name!r}": _unsigned(alg=name) for name in ("none", "None", "NONE", "nOnE", "", None, 0, ["none"])},
    "alg a list": _headed(alg=["HS256"]),
    "no alg": lambda token: token.lacking("alg").unsigned(),
    "no alg, signed": _lacking("alg"),
    "alg none, signed": _headed(alg="none"),
    "alg hs256": _headed(alg="hs256"),
    "HS384, right key": lambda token: token.headed(alg="HS384").signed(digest="sha384"),
    "HS512, right key": lambda token: token.headed(alg="HS512").signed(digest="sha512"),
    "HS256, signed as HS512": lambda token: token.signed(digest="sha512"),
    "RS256, HMAC key": _headed(alg="RS256"),
    "ES256, HMAC key": _headed(alg="ES256"),
    "wrong key": lambda token: token.signed(OWN_KEY),
    "key with a blank behind it": lambda token: token.signed(SECRET + " "),
    "empty key": lambda token: token.signed(""),
    "empty signature": lambda token: token.unsigned(),
    "signature cut": lambda token: str(token)[:-1],
    "signature padded": _text("{}="),
    "foreign characters in the signature": _inserted("!!!!", 20),
    "foreign characters before the signature": _inserted("****", 0),
    "padding in the signature": _inserted("=", 20),
    "tampered header": _tampered(0),
    "tampered payload": _tampered(1),
    "tampered signature": _tampered(2),
}
_TIMES: Final[dict[str, Forgery]] = {
    "exp in the past": lambda token: token.claiming(exp=token.claims["iat"] - 1),
    "exp 0": _claiming(exp=0),
    "exp below 0": _claiming(exp=-1),
    "exp a string": lambda token: token.claiming(exp=str(token.claims["exp"])),
    "exp true": _claiming(exp=True),
    "exp a list": lambda token: token.claiming(exp=[token.claims["exp"]]),
    "exp not a number": _claiming(exp=float("nan")),
    "exp infinite": _claiming(exp=float("inf")),
    "exp 10**30": _claiming(exp=10**30),
    "exp 1e300": _claiming(exp=1e300),
    "exp of 5,000 digits": _carrying(b'{"exp":' + b"9" * 5000 + b"}"),
    "iat a string": _claiming(iat="now"),
    "iat true": _claiming(iat=True),
    "iat not a number": _claiming(iat=float("nan")),
    "nbf in the future": lambda token: token.claiming(nbf=token.claims["exp"]),
    "nbf a string": _claiming(nbf="0"),
    "nbf not a number": _claiming(nbf=float("nan")),
}
_NAMES: Final[dict[str, Forgery]] = {
    **{f"no {name}": _lacking(name) for name in (*_CLAIMS, "user_id", "email")},
    **{f"{name} null": _claiming(**{name: None}) for name in _CLAIMS},
    "wrong iss": _claiming(iss="somebody"),
    "iss a list": _claiming(iss=["todo"]),
    "iss empty": _claiming(iss=""),
    "wrong aud": _claiming(aud="another"),
    "aud a list of others": _claiming(aud=["another", "third"]),
    "aud an empty list": _claiming(aud=[]),
    "aud an object": _claiming(aud={"todo": True}),
    "sub not a UUID": _claiming(sub="admin"),
    "sub a number": _claiming(sub=1),
    "sub empty": _claiming(sub=""),
    "sub of nobody": _claiming(sub=str(uuid4())),
    "sid not a UUID": _claiming(sid="session"),
    "sid a number": _claiming(sid=1),
    "sid of no session": _claiming(sid=str(uuid4())),
    "jti a number": _claiming(jti=1),
}
_HEADERS: Final[dict[str, Forgery]] = {
    "wrong typ": _headed(typ="JWT"),
    "typ of an id token": _headed(typ="id+jwt"),
    "no typ": _lacking("typ"),
    "no kid": _lacking("kid"),
    "kid unknown": _headed(kid="000000000000"),
    "kid empty": _headed(kid=""),
    "kid a number": _headed(kid=1),
    "kid null": _headed(kid=None),
    "kid a list": lambda token: token.headed(kid=[token.header["kid"]]),
    "kid a path": _brought("", kid="../../../../dev/null"),
    "kid SQL": _headed(kid="' OR 1=1 --"),
    "kid a lone surrogate": _headed(kid="\ud800"),
    "crit of an extension": _headed(crit=["exp"], exp=1),
    "crit empty": _headed(crit=[]),
    "jwk brought along": _brought(OWN_KEY, jwk=_JWK),
    "jwk instead of kid": lambda token: token.lacking("kid").headed(jwk=_JWK).signed(OWN_KEY),
    "jku": _brought(OWN_KEY, jku=_ELSEWHERE),
    "x5u": _brought(OWN_KEY, x5u=_ELSEWHERE),
    "b64 false": _headed(b64=False, crit=["b64"]),
}
_FORMS: Final[dict[str, Forgery]] = {
    "header not JSON": _text(sealed(b"{", b"{}")),
    "header a list": _text(sealed(b"[]", b"{}")),
    "header null": _text(sealed(b"null", b"{}")),
    "header not UTF-8": _text(sealed(b'{"alg":"\xff"}', b"{}")),
    "header 20,000 deep": _text(sealed(b"[" * 20_000, b"{}")),
    "payload 20,000 deep": _carrying(b"[" * 20_000),
    "payload a list": _carrying(b"[]"),
    "payload empty": _carrying(b""),
    "one part": lambda token: str(token).replace(".", ""),
    "two parts": lambda token: str(token).rpartition(".")[0],
    "four parts": _text("{}.bW9yZQ"),
    "five parts": _text("{}.a.b"),
    "dots only": _text(".."),
    "not ASCII": lambda token: str(token).replace("e", "\u00e9", 1),
    "quoted": _text('"{}"'),
    "two tokens": _text("{0} {0}"),
    "two tokens by a comma": _text("{0},{0}"),
    "100 kB": _text("a" * 100_000),
    "100 kB of claims": lambda token: token.claiming(email="a" * 100_000).signed(OWN_KEY),
    "nothing": _text(""),
    "the word null": _text("null"),
}
FORGED: Final[dict[str, Forgery]] = _SIGNATURES | _TIMES | _NAMES | _HEADERS | _FORMS
