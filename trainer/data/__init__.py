"""Photos for training and measuring: folders, DIV2K, cached views."""
