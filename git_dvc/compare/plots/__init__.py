"""Plots: what is to be drawn, and the Vega-Lite that draws it."""
