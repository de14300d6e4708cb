"""Writes workbooks (ECMA-376) of one sheet, small and by hand: what a spreadsheet saves."""

import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _cell(place, value):
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def _relation(kind, target):
    return (f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/{kind}" '
            f'Target="{target}"/></Relationships>')


def write_workbook(path, rows):
    """Numbers stay numbers, as they do when somebody types a telephone number into a cell."""
    lines = "".join(
        f'<row r="{r}">' + "".join(_cell(f"{chr(65 + c)}{r}", v) for c, v in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEET}.worksheet+xml"/>'
            "</Types>"))
        file.writestr("_rels/.rels", _relation("officeDocument", "xl/workbook.xml"))
        file.writestr("xl/_rels/workbook.xml.rels", _relation("worksheet", "worksheets/sheet1.xml"))
        file.writestr("xl/workbook.xml", (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="People" sheetId="1" '
            'r:id="rId1"/></sheets></workbook>'))
        file.writestr("xl/worksheets/sheet1.xml",
                      f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>')
