"""Recording a run into a cassette, replaying one, and what can be done with the file."""
