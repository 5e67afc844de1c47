"""Which equation broke? Faults planted in backward passes, and the questions about them."""
