"""Find what is wrong with the project on this computer, and mend what is safe."""
