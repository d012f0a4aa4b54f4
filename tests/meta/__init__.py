"""Checks of the tests themselves, whether load fails them and whether they notice a mistake."""
