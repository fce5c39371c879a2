"""The chat's face: the prompt, the streamed answer, tables and bars."""
