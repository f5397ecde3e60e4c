"""科技: recognitions of high-technology firms."""
