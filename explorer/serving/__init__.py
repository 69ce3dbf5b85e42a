"""What stands between strangers and the engine: desks, limits, health and logs. No page, no pictures."""
