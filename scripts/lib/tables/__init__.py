"""The paper's tables with this study's numbers: one frame, and its forms for readers."""
