"""Tests of the evaluator of Route 53 and of what the built templates answer."""
