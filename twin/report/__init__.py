"""What a drill has shown, for people and for programs. Everything here is pure: a history and a result in, text out.

- :mod:`twin.report.page`          one HTML file that needs nothing else, opens offline and prints
- :mod:`twin.report.document`      the same as JSON, with a schema's number
- :mod:`twin.report.summary`       many drills: a table for the terminal, JUnit for continuous integration
- :mod:`twin.report.picture`       the availability plot alone, as an SVG file
- :mod:`twin.report.availability`  writes a second over time; :mod:`twin.report.lanes` what each region was meanwhile
- :mod:`twin.report.bars`          the RTO's parts: measured, floor and budget
- :mod:`twin.report.moments`       the events that deserve a mark in the plots
- :mod:`twin.report.drawing`       axes, ticks and shapes; :mod:`twin.report.colours` the two themes
"""
