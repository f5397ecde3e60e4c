"""东楚通 Dongchu Tong: the residents' portal."""
