"""Data of the aws provider that is about no single service."""
