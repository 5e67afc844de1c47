"""The book: each chapter is a script, and executed, by ``python -m chapters.build``, a notebook."""
