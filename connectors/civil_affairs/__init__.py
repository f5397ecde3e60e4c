"""民政: relief, orphans, care needs, cremations."""
