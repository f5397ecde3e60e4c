"""The licence as a PDF 加注件: rendered, watermarked for one use, and signed, so that a copy says what it was made for."""
