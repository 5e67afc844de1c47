"""What the book needs wherever the package is installed: exercises and their checkers, figures, page helpers."""
