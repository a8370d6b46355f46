"""A sample of coalitions for games of many players, and a surrogate that is right on average."""
