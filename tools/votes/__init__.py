"""Blind votes: which of two pictures would you rather have drawn?"""
