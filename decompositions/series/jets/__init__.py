"""The power series of torch functions, by jets along lines."""
