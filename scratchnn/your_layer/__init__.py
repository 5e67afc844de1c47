"""Your own layer: a template, the protocol it has to keep to, and its gradient check."""
