"""国库: payment orders."""
