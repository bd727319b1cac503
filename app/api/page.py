"""The page at `/`: what somebody sees who opens the address in a browser."""

from typing import Final

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>todo backend</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
  main { max-width: 34rem; margin: 15vh auto 0; padding: 0 1.25rem; }
  h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
  a { color: LinkText; }
</style>
</head>
<body>
<main>
  <h1>A todo backend is running here</h1>
  <p>An HTTP API for accounts and tasks, made for single-page apps.</p>
  <p><a href="/docs">Read and try the API</a> &middot; <a href="/openapi.json">OpenAPI document</a>
     &middot; <a href="/readyz">Is it ready?</a></p>
</main>
</body>
</html>
"""
