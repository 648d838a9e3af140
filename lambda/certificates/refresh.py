"""Writes the bundle anew from certificates that Amazon published.

``python lambda/certificates/refresh.py global-bundle.pem``: reads PEM from the file (any text around the
certificates is ignored) and writes ``rds-global-bundle.pem`` beside this script: Amazon RDS authorities of
commercial regions, self-signed, not expired, each once, by name. Says on stderr what was left out and why.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

BUNDLE = Path(__file__).parent / "rds-global-bundle.pem"
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
NAME = re.compile(r"Amazon RDS (?!cn-|us-gov-|us-iso|eu-iso)([a-z]{2}-[a-z]+-\d) Root CA .+")
"""A commercial region's authority. Other partitions have bundles of their own; there are Beta ones too."""


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of the certificate's subject, or the empty text."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def parse(pem: bytes) -> list[x509.Certificate]:
    """Return all certificates in ``pem``. Raises ``ValueError`` for one that can't be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some serial numbers are older than the rule about them
        return [x509.load_pem_x509_certificate(block) for block in PEM.findall(pem)]


def objection(certificate: x509.Certificate, now: datetime) -> str:
    """Return why ``certificate`` does not belong into the bundle, or the empty text."""
    if not NAME.fullmatch(common_name(certificate)):
        return "no root authority of Amazon RDS in a commercial region"
    if certificate.not_valid_after_utc <= now:
        return f"expired {certificate.not_valid_after_utc:%Y-%m-%d}"
    if certificate.subject != certificate.issuer:
        return "not self-signed"
    return ""


def render(certificates: Iterable[x509.Certificate]) -> str:
    """Return the bundle's text, each certificate below its subject and the day that it expires."""
    ordered = sorted(certificates, key=lambda one: (common_name(one), one.fingerprint(hashes.SHA256())))
    return "".join(
        f"# {common_name(one)}\n# expires {one.not_valid_after_utc:%Y-%m-%d}\n"
        + one.public_bytes(serialization.Encoding.PEM).decode()
        for one in ordered
    )


def main(source: Path) -> None:
    """Write the bundle from ``source``."""
    now = datetime.now(UTC)
    kept: dict[bytes, x509.Certificate] = {}
    for certificate in parse(source.read_bytes()):
        why = objection(certificate, now)
        if why:
            sys.stderr.write(f"left out: {certificate.subject.rfc4514_string()}: {why}\n")
        else:
            kept[certificate.fingerprint(hashes.SHA256())] = certificate
    BUNDLE.write_text(render(kept.values()))
    sys.stderr.write(f"{len(kept)} authorities in {BUNDLE.name}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
