"""The agent: the model's tool-calling loop, its evidence, and the figures in its answers."""
