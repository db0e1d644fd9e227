"""The report: one page that says what a stack is, costs and carries, and what its next promotion changes."""
