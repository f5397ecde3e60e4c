"""科技: recognitions of high-technology and technology-based firms."""
