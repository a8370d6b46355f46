"""How far a path integral may be off."""


def tolerance_of(case):
    return 0 if case.exact else 1e-10 if case.epsilon < 1e-10 else 2e-5
