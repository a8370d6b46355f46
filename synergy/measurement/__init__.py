"""Allocations measured from a method as it is run."""
