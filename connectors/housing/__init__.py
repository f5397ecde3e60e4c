"""住建与不动产: homes bought and owned, leases, the waiting list for public rental housing."""
