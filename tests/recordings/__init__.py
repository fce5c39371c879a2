"""The program that makes `recordings/`: the real finchat, driven on a small made-up company with a scripted model."""
