"""Scripted models that hold the conversations of the domain.

A script is no model, and is called scripted: it plays one, so that everything around a model can be tested. It holds no
figure, number, name or answer of any company. It has the person's question and what the tools answered, as a model has
them (text between fences, a JSON object or tables in it, errors), and computes its next calls and its words from these
alone; so the same script serves any company.
"""
