"""What residents and enterprises do alike: answer offers, follow claims, show licences, read their messages."""
