"""东楚融通 Dongchu Rongtong: the enterprises' portal."""
