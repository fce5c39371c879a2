"""The composition root: the only room that knows concrete classes. It hands raw sessions to the guard alone.

Every command is one function: it takes the common flags as an Invocation and returns the exit code. What is heavy
(mcp, httpx, rich, the servers, the sandbox) is imported where a command needs it.
"""
