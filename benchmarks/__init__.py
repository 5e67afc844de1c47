"""Side-by-side benchmarks of scratchnn, PyTorch and gensim; each contestant runs in a process of its own."""
