"""Policy profiles that ship with the product."""
