"""The bytes that Protect puts on the wire, and the certificate it puts around them."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
import hashlib
import hmac
from ipaddress import IPv4Address
import json
from pathlib import Path
import ssl
import struct
from tempfile import TemporaryDirectory
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .models import Json

# type, format, deflated, unused, length: as published by the authors of uiprotect.
_HEADER = struct.Struct("!bbbbi")
_ACTION, _DATA = 1, 2
_JSON = 1


def private_frame(action: str, model_key: str, item_id: str, update_id: str, data: Json) -> bytes:
    """Return one message of the private websocket: an action frame and a data frame.

    ``action`` is ``add``, ``update`` or ``remove``.
    """
    header = {"action": action, "newUpdateId": update_id, "modelKey": model_key, "id": item_id}
    return _frame(_ACTION, header) + _frame(_DATA, data)


def _frame(kind: int, payload: Json) -> bytes:
    body = zlib.compress(json.dumps(payload).encode())
    return _HEADER.pack(kind, _JSON, True, 0, len(body)) + body


def session_token(user_id: str, csrf: str, secret: bytes, expires: datetime) -> str:
    """Return a JSON web token as UniFi OS sets it in its ``TOKEN`` cookie."""
    claims = {"userId": user_id, "csrfToken": csrf, "exp": int(expires.timestamp())}
    signed = f"{_base64url({'alg': 'HS256', 'typ': 'JWT'})}.{_base64url(claims)}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encoded(signature)}"


def _base64url(value: Json) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def server_tls() -> ssl.SSLContext:
    """Return TLS with a self-signed certificate for the loopback address; blocking.

    One for the process: a client that verifies refuses every one of them alike.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "unifi.local")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        # OpenSSL reads a key from a file only.
        pem = Path(folder, "console.pem")
        pem.touch(mode=0o600)
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(pem)
    return context
