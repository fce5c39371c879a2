"""The guard: policy, approval, journal, recovery and the audit log. Nothing else in finchat sends a write."""
