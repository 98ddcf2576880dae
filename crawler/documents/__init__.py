"""What attachments hold, read in a child process: bytes in, tables, lines and members out.

`reading.read_document` is the one door. Every binary format (spreadsheets, Word, PDF, OFD, archives, scans) is parsed by a
child with limits of time and memory, so that a file made to harm can end nothing but that child. Nothing here knows what a
decision is: that is `crawler.extract`'s part.
"""
