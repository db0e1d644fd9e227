"""The building blocks of a stack: each knows AWS, none knows the phases."""
