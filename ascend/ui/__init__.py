"""What the commands show: progress while an engine works, plans, summaries and their JSON.

Data goes to stdout and progress to stderr, so that ``ascend … --json | jq`` works while a person watches.
"""
