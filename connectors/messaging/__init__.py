"""短信平台: messages outside the app."""
