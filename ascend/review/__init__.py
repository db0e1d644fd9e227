"""`ascend review`: what a change would do to each stack, judged before it lands; no credentials, CLI or network."""
