"""What a write is put together of, in words that every vendor shares."""
