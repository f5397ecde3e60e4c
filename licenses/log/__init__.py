"""The transparency log on the web: heads, proofs, evidence that anyone checks offline, and what of licences goes in."""
