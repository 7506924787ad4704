"""The files of the five real benchmarks, by benchmark."""

FILES = {
    "gsm8k": "gsm8k_test",
    "math500": "math500",
    "olympiadbench": "olympiadbench",
    "minerva": "minerva_math",
    "amc23": "amc23",
}
