"""The programs that may ask for sign-ins: the portals, mini-apps, services."""
