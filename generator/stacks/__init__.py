"""The templates, one module each.

A module's docstring says what the stack is for (``python -m generator explain NAME`` prints it); its one
public function ``build(shape)`` reads as a table of contents and is the only place that adds to the
template. Below it, one private function a resource returns that resource whole. Modules that begin with an
underscore hold resources that several stacks have in common.
"""
