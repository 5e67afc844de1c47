"""Your own layer: a template, the protocol it has to follow, and its gradient check."""
