"""Which certificates are trusted: read once for all connections."""

import os
import ssl
from functools import lru_cache

import httpx

from bot.domain.errors import ConfigError


def trusted() -> ssl.SSLContext:
    """
    The public authorities, or those in `SSL_CERT_FILE` or `SSL_CERT_DIR`, as OpenSSL names them.

    A gateway inside a company often has a certificate of the company's own authority. Reading the
    file takes longer than all the rest of making a client, so the clients share one context.

    Raises ConfigError for a file that cannot be read as certificates.
    """
    file, folder = os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")
    try:
        return _read(file, folder)
    except OSError as error:  # ssl.SSLError is one
        what = error.strerror or "cannot be read"
        raise ConfigError(
            f"SSL_CERT_FILE: {file}: {what}; name a file of certificates in PEM form, or unset it"
        ) from None


@lru_cache(maxsize=4)
def _read(_file: str, _folder: str) -> ssl.SSLContext:
    return httpx.create_ssl_context()  # it looks at the same two variables


def why(error: Exception) -> str:
    """Why there is no connection, in few words; with a certificate, what to do about it."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        said = str(error).partition("CERTIFICATE_VERIFY_FAILED] ")[2].partition(" (_ssl")[0]
        return f"{said}: name the file of its authority in SSL_CERT_FILE"
    return type(error).__name__
