"""Somebody with an account, made through the front door."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import httpx

PASSWORD: Final = "correct horse battery staple"


@dataclass(frozen=True)
class Account:
    """A registered user and the headers of a request in that user's name."""

    id: str
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


NewAccount = Callable[[], Awaitable[Account]]


async def register(client: httpx.AsyncClient) -> Account:
    """A new account with an address nobody else has."""
    email = f"{uuid4().hex}@example.com"
    answer = await client.post("/api/auth/register", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    return Account(id=body["user"]["id"], email=email, token=body["access_token"])
