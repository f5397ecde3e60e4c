"""Regular expressions of XPath (F&O 3.1 §5.6), as ``matches``, ``replace``, ``split`` and ``extract`` use them.

An engine of our own, because Python's may take for ever on ``(a+)+b``. Ours tries alternatives in the same order, but
remembers where it has been: its work grows with the length of the pattern times that of the text, and has a limit.
Back-references cannot be remembered so; they, too, end at the limit. A pattern that is none is null, never guessed at.
"""

from policy_engine.language.patterns.machine import Pattern, pattern_of

__all__ = ["Pattern", "pattern_of"]
