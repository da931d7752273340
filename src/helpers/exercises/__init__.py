"""Checks for the readers' exercises: they name the likely mistake. One file per chapter, named by its subject."""
