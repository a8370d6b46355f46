"""What an axiom is: questions to a method, and claims about what it answers."""
