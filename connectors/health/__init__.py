"""卫健: births certified by hospitals."""
