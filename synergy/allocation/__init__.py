"""Effects shared out by a policy, and the three criteria that judge it."""
