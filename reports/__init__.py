"""OUTLET 1: files and mail. A report is one template; every number in it was finished in `reports.data`.

build.py      one call makes the documents of a report in html, pdf and xlsx
data.py       rows -> finished values; the only file here that asks the database for judgements
write_html.py write_pdf.py write_xlsx.py   one template rendered, printed, and read back into sheets
charts.py fonts.py                          drawings, and the typeface they and the PDF are set in
mail.py outbox.py                           mails composed once, delivered once
templates/    one template = one report; a YAML header says its title, scope, formats and file name
"""
