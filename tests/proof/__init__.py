"""Proofs that take minutes: ``make proof`` runs them."""
