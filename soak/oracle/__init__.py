"""The oracle: is everything there that was promised, once? Plain SQL and a little arithmetic; it shares no code with
the desk, nor with the rest of the soak, so that a mistake there is not made here again.
"""
