"""Where money is sent: chosen or shown before anybody confirms."""
