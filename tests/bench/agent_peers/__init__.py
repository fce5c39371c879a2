"""What the bench of the agent runs beside finchat: the model, the tools, and the other programs."""
