#!/usr/bin/env python3
"""Writes Sources/CImages/font/wide.bin: the 12 × 12 letters that labels of pictures are drawn with
where our own font (Sources/Images/Drawing/BitmapFont.swift) ends: kana, the kanji of JIS X 0208,
Greek, Cyrillic, fullwidth forms, punctuation.

    apt-get download xfonts-shinonome && dpkg-deb -x xfonts-shinonome_*.deb shinonome
    scripts/make-wide-font.py shinonome/usr/share/fonts/X11/misc/shnmk12.pcf.gz

The letters are those of the Shinonome font (東雲フォント) 0.9.11 of Yasuyuki Furukawa and the
/efont/ project, which they gave to the public domain: "All font data, documents and scripts in this
archive are provided as public domain. … You may freely modify, convert, embed and redistribute
them." (its LICENSE, in Japanese; http://openlab.ring.gr.jp/efont/shinonome/)

The file: the number n of letters as u16, n code points as u16 in rising order, then 18 bytes a
letter: 12 rows of 12 points, the leftmost in the highest bit. All numbers are little-endian.
"""
import gzip
import os
import struct
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = f"{HERE}/../Sources/CImages/font/wide.bin"
SIDE = 12
METRICS, BITMAPS, ENCODINGS = 1 << 2, 1 << 3, 1 << 5


class Table:
    """One table of a PCF file, read from its beginning on."""

    def __init__(self, data):
        self.data, self.place = data, 4
        self.form = struct.unpack_from("<I", data)[0]
        self.order = ">" if self.form & 4 else "<"

    def read(self, letters):
        values = struct.unpack_from(self.order + letters, self.data, self.place)
        self.place += struct.calcsize("<" + letters)
        return values


def tables(data):
    assert data[:4] == b"\1fcp", "not a PCF font"
    count = struct.unpack_from("<I", data, 4)[0]
    entries = [struct.unpack_from("<4I", data, 8 + 16 * index) for index in range(count)]
    return {kind: Table(data[start:start + size]) for kind, _, size, start in entries}


def metrics(table):
    """(left bearing, right bearing, ascent, descent) of each glyph."""
    if table.form & 0x100:
        (count,) = table.read("H")
        rows = [[value - 0x80 for value in table.read("5B")] for _ in range(count)]
        return [(row[0], row[1], row[3], row[4]) for row in rows]
    (count,) = table.read("I")
    rows = [table.read("5hH") for _ in range(count)]
    return [(row[0], row[1], row[3], row[4]) for row in rows]


def bitmaps(table):
    """Function from a glyph's number, its width and its height to rows of points."""
    (count,) = table.read("I")
    offsets = table.read(f"{count}I")
    table.read("4I")
    data, pad = table.data[table.place:], 1 << (table.form & 3)
    unit, least_first = 1 << (table.form >> 4 & 3), not table.form & 8
    swaps = unit > 1 and (table.form & 4 != 0) != (table.form & 8 != 0)
    assert not swaps, "bytes and bits in different orders"

    def rows(glyph, width, height):
        stride = (width + 8 * pad - 1) // (8 * pad) * pad
        result = []
        for row in range(height):
            line = data[offsets[glyph] + row * stride:][:stride]
            bits = [
                byte >> (bit if least_first else 7 - bit) & 1 for byte in line for bit in range(8)]
            result.append(bits[:width])
        return result

    return rows


def encodings(table):
    """(code, glyph) for each code that has one."""
    first2, last2, first1, last1, _ = table.read("5H")
    for byte1 in range(first1, last1 + 1):
        for byte2 in range(first2, last2 + 1):
            (glyph,) = table.read("H")
            if glyph != 0xFFFF:
                yield byte1 << 8 | byte2, glyph


def letters(path):
    """12 × 12 points by code point."""
    found = tables(gzip.open(path).read())
    extents, rows = metrics(found[METRICS]), bitmaps(found[BITMAPS])
    result = {}
    for code, glyph in encodings(found[ENCODINGS]):
        try:
            text = bytes([code >> 8 | 0x80, code & 0xFF | 0x80]).decode("euc_jp")
        except UnicodeDecodeError:
            continue
        left, right, ascent, descent = extents[glyph]
        points = [[0] * SIDE for _ in range(SIDE)]
        for y, row in enumerate(rows(glyph, right - left, ascent + descent)):
            for x, point in enumerate(row):
                # the base line lies two points above the lower edge
                if point:
                    points[SIDE - 2 - ascent + y][left + x] = 1
        result[ord(text)] = points
    return result


# Code points that other tables (Windows', Unicode's compatibility forms) give to the same letters.
ALIASES = {0xFF5E: 0x301C, 0x2225: 0x2016, 0xFF0D: 0x2212, 0xFFE0: 0xA2, 0xFFE1: 0xA3,
           0xFFE2: 0xAC, 0x2014: 0x2015, 0x2013: 0x2015, 0xFF3C: 0x5C, 0xFFE3: 0xAF}


def with_aliases(result):
    for alias, code in ALIASES.items():
        if code in result:
            result.setdefault(alias, result[code])
    for code in range(0xFF61, 0xFFA0):  # halfwidth katakana
        whole = {0xFF9E: "゛", 0xFF9F: "゜"}.get(code) or unicodedata.normalize("NFKC", chr(code))
        result.setdefault(code, result[ord(whole)])
    return result


def packed(points):
    number = 0
    for row in points:
        for point in row:
            number = number << 1 | point
    return number.to_bytes(SIDE * SIDE // 8, "big")


def main(path):
    found = sorted(with_aliases(letters(path)).items())
    found = [(code, points) for code, points in found if code > 0x7E]
    with open(TARGET, "wb") as file:
        file.write(struct.pack("<H", len(found)))
        file.write(b"".join(struct.pack("<H", code) for code, _ in found))
        file.write(b"".join(packed(points) for _, points in found))
    print(f"{len(found)} letters, {os.path.getsize(TARGET)} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
