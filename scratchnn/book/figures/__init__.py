"""Code that only draws the figures of a chapter, one file per chapter."""
