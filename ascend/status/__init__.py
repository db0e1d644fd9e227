"""What a stack tells of itself, and whether it should move."""
