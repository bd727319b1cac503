"""E-mail addresses as identities."""

import unicodedata


def email_key(address: str) -> str:
    """The form in which two spellings of one address are equal: compatibility forms and case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address.strip()).casefold())
