"""A caller's model as a function: called with all digits, and left as it was."""
