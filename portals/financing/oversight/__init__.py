"""What the city sees of its banks: response, approval, cost, volume."""
