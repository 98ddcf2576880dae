"""Inlet 2: what we are told. Submission files and registers become rows; every row read is accounted for in a receipt.

Reading (`read_spreadsheet`, `read_csv`, `read_json`, `read_archive`) gives grids of text with sheet and row; `headers` finds the
table in a grid; `submissions` and `registers` write, each source in one transaction.
"""
