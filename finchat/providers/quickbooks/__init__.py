"""The `quickbooks` profile: finchat's own QuickBooks server and servers that publish the same tool names."""
