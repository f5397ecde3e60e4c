"""What every storey stands on, and nothing else. A thing comes here only when two storeys need it."""
