"""The authorities that the functions believe."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import postgres
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from twin.authority import Authority

COPIED = datetime(2024, 8, 26, tzinfo=UTC)
"""When the newest release that the bundle was copied from came out."""

FOLDER = postgres.BUNDLE.parent


@pytest.fixture(scope="module")
def refresh() -> Any:
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def authorities(refresh: Any) -> list[x509.Certificate]:
    found: list[x509.Certificate] = refresh.parse(postgres.BUNDLE.read_bytes())
    return found


def test_each_is_a_self_signed_authority_of_amazon_rds(refresh: Any, authorities: list[x509.Certificate]) -> None:
    for one in authorities:
        assert refresh.objection(one, datetime.now(UTC)) == ""
        assert one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        one.verify_directly_issued_by(one)


def test_none_expires_within_a_year_of_its_copying_or_of_today(authorities: list[x509.Certificate]) -> None:
    for moment in (COPIED, datetime.now(UTC)):
        assert min(one.not_valid_after_utc for one in authorities) > moment + timedelta(days=365)


def test_each_region_has_all_three_kinds_and_none_twice(refresh: Any, authorities: list[x509.Certificate]) -> None:
    kinds: dict[str, set[str]] = {}
    for one in authorities:
        words = refresh.common_name(one).split()
        kinds.setdefault(words[2], set()).add(words[5])
    assert all(found == {"RSA2048", "RSA4096", "ECC384"} for found in kinds.values())
    assert {"eu-west-1", "eu-central-1", "eu-north-1", "us-east-1", "us-west-2"} <= set(kinds)
    assert len({one.fingerprint(hashes.SHA256()) for one in authorities}) == len(authorities) == 3 * len(kinds)


def test_the_bundle_is_what_the_refresh_would_write(refresh: Any, authorities: list[x509.Certificate]) -> None:
    assert refresh.render(authorities) == postgres.BUNDLE.read_text()


def test_what_does_not_belong_is_left_out_with_a_reason(refresh: Any) -> None:
    (own,) = refresh.parse(Authority("Amazon RDS twin root").pem)
    assert "no root authority" in refresh.objection(own, datetime.now(UTC))
    (expired,) = refresh.parse(Authority("Amazon RDS eu-west-1 Root CA RSA2048 G1").pem)
    assert refresh.objection(expired, datetime.now(UTC) + timedelta(days=40)).startswith("expired")
    assert refresh.objection(expired, datetime.now(UTC)) == ""


def test_what_verifies_a_server_demands_tls_1_2_and_its_name(tmp_path: Path) -> None:
    import ssl

    context = postgres.trust(postgres.BUNDLE)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 81
