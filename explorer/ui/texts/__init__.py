"""The page's sentences and templates."""
