"""Photos at the door: any upload becomes one checked Photo, once."""
