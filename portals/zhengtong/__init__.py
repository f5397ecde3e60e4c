"""东楚政通: the officials' portal. Everybody here sits on a seat, and sees what that seat has duties for."""
