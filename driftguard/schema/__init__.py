"""A schema as plain, sorted, immutable data, and the differences of two schemas."""
