"""Moto is imported before anything makes a session of boto3: what was made before is not mocked."""

from __future__ import annotations

from moto import mock_aws

__all__ = ["mock_aws"]
