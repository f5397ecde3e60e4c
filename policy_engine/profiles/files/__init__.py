"""Facts by the million rows: a department's CSV or Parquet file, taken once, resumable, its rejects row by row."""
