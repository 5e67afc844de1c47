"""Side by side: scratchnn against PyTorch and gensim, each contestant in a process of its own."""
