"""The form of a generated table: a heading of text lines, an empty line, then little-endian values."""

import struct


class Table:
    """Bytes in the order in which the reader takes them."""

    def __init__(self, *heading):
        self.bytes = bytearray()
        for line in heading:
            self.bytes += f"# {line}\n".encode()
        self.bytes += b"\n"

    def values(self, form, *values):
        self.bytes += struct.pack("<" + form, *values)

    def count(self, items):
        self.values("I", len(items))
        return items

    def text(self, text):
        encoded = text if isinstance(text, bytes) else text.encode()
        self.values("B", len(encoded))
        self.bytes += encoded

    def nodes(self, nodes):
        """States: ten next states each, then one output each, both 16 bits."""
        resolved = nodes.resolved()
        assert len(resolved) < 1 << 16, f"{len(resolved)} states do not fit 16 bits"
        self.count(resolved)
        for _, children in resolved:
            self.values("10H", *children)
        for output, _ in resolved:
            self.values("H", output)
