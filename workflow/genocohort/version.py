"""The version of genocohort, also where it is not installed as a package."""

VERSION = "0.1.0"
