"""居民家庭经济状况核对: the centre that asks banks, tax and registers about a person's means, and answers over days."""
