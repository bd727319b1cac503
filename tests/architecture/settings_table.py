"""The README's table of settings as it should be: `python -m tests.architecture.settings_table` prints it."""

from pydantic import SecretStr

from app.config.settings import Settings


def table() -> list[str]:
    """The lines of the table, a row a setting."""
    rows = [
        (f"`{name.upper()}`", shown(field.default), field.description) for name, field in Settings.model_fields.items()
    ]
    return ["| variable | default | what |", "|---|---|---|", *(f"| {' | '.join(map(str, row))} |" for row in rows)]


def shown(default: object) -> str:
    """A default as somebody would write it into the environment; a dash for none."""
    match default:
        case None | ():
            return "\u2013"
        case SecretStr():
            return f"`{default.get_secret_value()}`"
        case tuple():
            return f"`{','.join(default)}`"
        case _:
            return f"`{str(default).removesuffix('.0')}`"


if __name__ == "__main__":
    print("\n".join(table()))
