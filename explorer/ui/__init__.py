"""The app's page: tabs, texts, wiring and the API. Nothing here computes anything."""
