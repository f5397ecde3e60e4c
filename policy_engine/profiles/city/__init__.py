"""A fictional city in Huangshi's proportions: the same seed gives the same people, of whom none can exist."""

from policy_engine.profiles.city.generation import CityWritten, generate

__all__ = ["CityWritten", "generate"]
