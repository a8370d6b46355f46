"""Theory: who should get how much of an effect."""
