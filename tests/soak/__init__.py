"""Thousands of Detections through a real Home Assistant, with one fault in five."""
