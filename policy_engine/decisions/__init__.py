"""Signed records of what was offered and decided, on which facts and by which rule: anybody can check one offline."""
