"""TLS towards a database server: what the URL asks for, as an `ssl.SSLContext`."""

import ssl

from app.database.urls import DatabaseUrlError, Tls


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A context for any mode but `disable`; raises DatabaseUrlError when a named file is no good.

    `prefer` and `require` encrypt without asking who answers, as libpq and MySQL's client do.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:
        reason = error.strerror or "not a certificate or key in PEM form"
        raise DatabaseUrlError(f"DATABASE_URL: a TLS file that it names cannot be used: {reason}") from None
    context.check_hostname = tls.mode == "verify-full"
    if tls.mode in {"prefer", "require"}:
        context.verify_mode = ssl.CERT_NONE
    return context
