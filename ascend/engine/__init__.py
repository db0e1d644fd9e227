"""One interface (`model`), two engines: the official Pulumi CLI and the embedded one."""
