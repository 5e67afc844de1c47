"""Small data sets that a chapter makes up, one file per chapter."""
