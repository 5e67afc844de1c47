"""What the book needs wherever the package is installed."""
