"""What a sign-in allows one client to do, in one capacity: every live token hangs on one row here."""
