"""What a stack carries: demand of its system, supply of its plan, and how its tasks follow a load. Pure functions."""
