"""What this machine has to compute with, and what to install where something is missing."""
