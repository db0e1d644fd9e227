"""A stack from phase to phase: what it is, whether it should move, the move, and the way back."""
