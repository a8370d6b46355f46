"""Indices of any number of players, estimated with their standard errors."""
