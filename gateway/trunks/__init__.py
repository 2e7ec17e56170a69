"""One adapter per trunk type, between a protocol's primitives and those of the neutral call."""
