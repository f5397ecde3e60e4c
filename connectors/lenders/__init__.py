"""Banks as lenders: their systems call the financing API and are told what happens; each side signs what it says."""
