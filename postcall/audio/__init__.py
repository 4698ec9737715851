"""Pure functions on arrays of samples, and the decoder that makes them."""
