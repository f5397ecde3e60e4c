"""卫健: births certified by hospitals, severe illnesses confirmed under authorisation."""
