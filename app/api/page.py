"""What somebody sees who opens the address in a browser: the page at `/` and the documentation."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from string import Template
from typing import Final

from fastapi import Request
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.responses import HTMLResponse, Response

from app import __version__
from app.api.routing import router
from app.replication.situation import Situation
from app.services.runtime import Runtime

routes = router("", "service")

_FRAME: Final = "frame-ancestors 'self' https://huggingface.co"
"""Who may show our pages in a frame: a Space is seen on huggingface.co, while `*.hf.space` would be anybody's Space."""

_STYLE: Final = """
  :root {
    color-scheme: light dark;
    --ground: #fbfbfd; --text: #1c1c22; --faint: #5b5b66; --line: #dcdce4; --link: #2148c7;
    --calm: #1a7f4b; --warning: #9a5700; --warm: #fff5e2;
    font: 1rem/1.6 system-ui, sans-serif;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ground: #16161b; --text: #ececf1; --faint: #a3a3b0; --line: #34343f; --link: #9db4ff;
      --calm: #5fd39a; --warning: #ffc069; --warm: #2c2315;
    }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--ground); color: var(--text); }
  main { max-width: 38rem; margin: 0 auto; padding: clamp(1.5rem, 10vh, 6rem) 1.25rem 2rem; }
  h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
  p { margin: 0 0 1.5rem; overflow-wrap: anywhere; }
  a { color: var(--link); text-underline-offset: .2em; }
  a:focus-visible { outline: 2px solid; outline-offset: 3px; border-radius: 2px; }
  .note { border-left: .25rem solid var(--calm); padding: .1rem 0 .1rem 1rem; }
  .note b { display: block; color: var(--calm); }
  .note.warning { border-color: var(--warning); background: var(--warm); padding: .75rem 1rem; }
  .note.warning b { color: var(--warning); }
  ul { list-style: none; margin: 0 0 2rem; padding: 0; border-top: 1px solid var(--line); }
  li { border-bottom: 1px solid var(--line); }
  li a { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .7rem 0; }
  li a { text-decoration: none; }
  li span { text-decoration: underline; }
  li code { color: var(--faint); }
  footer { color: var(--faint); font-size: .875rem; overflow-wrap: anywhere; }
"""

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>todo backend</title>
<style>$style</style>
</head>
<body>
<main>
<h1>A todo backend is running here</h1>
<p>An HTTP API for accounts and tasks, made for single-page apps.</p>
$notes
<ul>
$links
</ul>
<footer>version $version &middot; commit $commit &middot; $database</footer>
</main>
</body>
</html>
""")

_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    f"base-uri 'none'; form-action 'none'; {_FRAME}"
)

_REFUSED: Final = {
    "stalled": "The replica does not take what is written. Reads are answered; writes are refused until it does.",
    "superseded": "A newer instance has taken over. This one answers reads and refuses writes.",
}
"""By the state of a replica that is not well."""

_LINKS: Final = (
    ("Read and try the API", "/docs"),
    ("OpenAPI document", "/openapi.json"),
    ("Is it ready?", "/readyz"),
)


@routes.get("/", response_class=HTMLResponse)
async def home(request: Request) -> Response:
    """A page that says what this is."""
    runtime: Runtime = request.app.state.runtime
    settings = runtime.settings
    repository = [("Source code", settings.repository_url)] if settings.repository_url else []
    text = _PAGE.substitute(
        style=_STYLE,
        notes="\n".join(_notes(runtime)),
        links="\n".join(_link(name, address) for name, address in (*_LINKS, *repository)),
        version=escape(__version__),
        commit=escape(settings.commit_sha[:7]),
        database=escape(runtime.database.target.backend),
    )
    return _html(text, _POLICY)


@routes.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """The documentation, to be tried out."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json", title=request.app.title, oauth2_redirect_url="/docs/oauth2-redirect"
    )
    return _html(page.body, _FRAME)


@routes.get("/docs/oauth2-redirect", include_in_schema=False)
async def oauth2_redirect() -> Response:
    """Where the documentation's login would come back to."""
    return _html(get_swagger_ui_oauth2_redirect_html().body, _FRAME)


def _html(content: str | bytes | memoryview, policy: str) -> Response:
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(content, headers=headers)


def _notes(runtime: Runtime) -> list[str]:
    replica, situation = runtime.database.gate.status(), runtime.situation
    notes = [_note(situation, situation.sentence, is_warning=situation is Situation.ephemeral)]
    if replica is not None and replica.state in _REFUSED:
        notes.insert(0, _note(f"degraded: {replica.state}", _REFUSED[replica.state], is_warning=True))
    return notes


def _note(heading: str, sentence: str, *, is_warning: bool) -> str:
    kind = "note warning" if is_warning else "note"
    return f'<p class="{kind}"><b>{escape(heading.capitalize())}</b> {escape(sentence)}</p>'


def _link(name: str, address: str) -> str:
    # Another site may not let itself be shown in the frame that this page is shown in.
    target = "" if address.startswith("/") else ' target="_blank" rel="noopener"'
    shown = address.partition("://")[2] or address
    return f'<li><a href="{escape(address)}"{target}><span>{escape(name)}</span> <code>{escape(shown)}</code></a></li>'
