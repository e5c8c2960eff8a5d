"""What a LoRA learned: figures of its pictures beside the artist's, each with its doubt."""
