"""Work that the workers of a Dask cluster do: one volume by parts, each of many volumes, a verification by pieces.

Each is a number of tasks, and each task a helper's process on its worker. Tasks are pickled by the names of their
modules, which workers must have, too: `client` makes sure of that.
"""
