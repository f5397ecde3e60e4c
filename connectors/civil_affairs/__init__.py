"""民政: relief, orphans, care needs, marriages, cremations."""
