"""The Pulumi program: a system, a phase and a stack's config become one deployment, wired from components."""
