"""The contracts of taggers, one a module: which files they have, which pictures they want."""
