"""The plots of a report, as Vega-Lite specifications in plain dictionaries.

Layout never depends on a font: every margin is fixed, and names are cut before they are drawn. No colour stands
alone: the reference is filled and the window is a line, and each verdict has its own shape.
"""
