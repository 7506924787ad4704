"""The paper's own numbers and claims, beside the study's."""
