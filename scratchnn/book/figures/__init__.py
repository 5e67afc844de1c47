"""The figures of the chapters, one module per chapter: each function takes data and returns a figure."""
