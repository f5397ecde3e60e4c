"""Policy documents: taking in, reviewing, how many they reach, publishing and taking back."""
