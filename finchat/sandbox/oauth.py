"""What both vendors' token endpoints read alike."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote_plus


def client_of(form: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    """Client id and secret, from a Basic header or else from the form; ("", "") when the header is not readable."""
    if authorization and authorization.lower().startswith("basic "):
        try:
            client, _, secret = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
        except ValueError:  # not base64, or not text
            return "", ""
        return unquote_plus(client), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")
