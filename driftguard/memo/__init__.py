"""Verdicts on what is staged, remembered with everything that they depended on.

Imported by every git hook before anything else, so its modules use only what Python has loaded already.
"""
