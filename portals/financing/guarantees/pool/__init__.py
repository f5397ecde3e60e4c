"""风险补偿资金池: what the city pays of a bank's loss, by rule, within a cap, in books that balance to the fen."""
