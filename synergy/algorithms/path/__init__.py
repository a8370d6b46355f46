"""Integrals of the gradient along a path."""
