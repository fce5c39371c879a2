"""The review screen: many proposals worked through by keyboard."""
