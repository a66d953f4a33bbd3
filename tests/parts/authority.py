"""This file is a private authority: it certifies a server for names, as an organisation's own does."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.parts.loopback import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509.base import CertificateBuilder


class Authority:
    """An authority of its own; what it made is in files of *place*."""

    def __init__(self, place: Path, name: str = "authority") -> None:
        self._place = place
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = _begun(self._name, self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = place / f"{name}.pem"
        """Its certificate, PEM."""
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def serves(self, *names: str) -> ssl.SSLContext:
        """Return by what a server is known as each of *names*, and as loopback."""
        key = ec.generate_private_key(ec.SECP256R1())
        known = [x509.IPAddress(ipaddress.ip_address(LOOPBACK)), *(x509.DNSName(name) for name in names)]
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
        made = _begun(subject, self._name, key.public_key()).add_extension(
            x509.SubjectAlternativeName(known), critical=False
        )
        both = self._place / "server.pem"
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, *form)
        both.write_bytes(private + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> CertificateBuilder:
    today = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), today - timedelta(days=1), today + timedelta(days=1)
    )
