"""Looking into models: their shapes and parameters, the gradient's way back through time."""
