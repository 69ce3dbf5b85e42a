"""What is done to features, or found from them, for one photo: surgery and inversion."""
