"""Methods that nobody uses: each keeps some axioms and breaks others, which tells the axioms apart."""
