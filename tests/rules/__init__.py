"""Tests of our own rules for cfn-lint."""
