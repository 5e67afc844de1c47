"""Reports on this machine: what it has to compute with (``machine``, ``facts``) and what to install (``advice``)."""
