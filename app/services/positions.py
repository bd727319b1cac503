"""Keys for an order that a person makes: fractional indexing.

The integer part of the keys that David Greenspan's article "Implementing Fractional Indexing" describes: a letter
says how many digits follow ("a": one, "z": 26; "Z": one, down to "A": 26 for what comes before), then the digits in
base 62. Keys compare as bytes.
"""

from typing import Final

FIRST: Final = "a0"
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def after(last: str | None) -> str:
    """A key behind the last one; the first of all without one."""
    if last is None:
        return FIRST
    head, digits = last[0], last[1 : 1 + _length(last[0])]
    for place in range(len(digits) - 1, -1, -1):
        if digits[place] != _DIGITS[-1]:
            step = _DIGITS[_DIGITS.index(digits[place]) + 1]
            return head + digits[:place] + step + _DIGITS[0] * (len(digits) - place - 1)
    if head == "Z":
        return FIRST
    following = chr(ord(head) + 1)
    return following + _DIGITS[0] * _length(following)


def _length(head: str) -> int:
    return ord(head) - ord("a") + 1 if head >= "a" else ord("Z") - ord(head) + 1
