"""The commands of ``python -m scratchnn``, one file each: ``add_parser`` names the arguments, ``run`` does the work."""
