"""What everybody may read without signing in: notices while they run, and the register of policies and payments."""
