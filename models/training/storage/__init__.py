"""The files of a training run: checkpoints, snapshots, a lock."""
