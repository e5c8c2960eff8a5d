"""What every room rests on: flags, commands, files, work on many things at once."""
