"""Another region takes the writes over, and the way home."""
