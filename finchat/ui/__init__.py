"""The only room that prints or reads keys. stdout is data, stderr is talk; cards and prompts go to stderr."""
