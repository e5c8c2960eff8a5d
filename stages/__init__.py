"""The pipeline: one module per stage, named as in dvc.yaml."""
