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

_MAY_SIGN = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


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


type _Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@cache
def _authority() -> _Signed:
    """Return who vouches for a console that has a certificate of somebody's."""
    return _certificate("Simulated authority", issuer=None, is_authority=True)


def authority_pem() -> str:
    """Return the certificate that a client has to trust, as PEM; blocking."""
    certificate, _ = _authority()
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def server_tls(*, vouched_for: bool = False) -> ssl.SSLContext:
    """Return TLS with a certificate for the loopback address; blocking.

    It is self-signed, as a console's is out of the box, or by the authority. One of each for the
    process: a client that verifies refuses every self-signed one alike.
    """
    certificate, key = _certificate("unifi.local", _authority() if vouched_for else None)
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


def _certificate(
    common_name: str, issuer: _Signed | None, *, is_authority: bool = False
) -> _Signed:
    """Return a new certificate with its key; signed by itself without an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signing_name, signing_key = (issuer[0].subject, issuer[1]) if issuer else (name, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(signing_name)
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
        # Clients that are strict want all of these.
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    if is_authority:
        builder = builder.add_extension(_MAY_SIGN, critical=True)
    return builder.sign(signing_key, hashes.SHA256()), key
