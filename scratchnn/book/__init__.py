"""What the chapters need from the installed package: exercises with their checkers, figures, and the page helpers."""
