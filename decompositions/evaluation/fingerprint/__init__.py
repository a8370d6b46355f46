"""What a function can reach, written down part by part, so that a changed function is known again."""
