"""What was measured over test photos, read and typed; nothing is measured here."""
