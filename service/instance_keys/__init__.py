"""An instance key is what an instance signs with: published before it signs, and refused some time after."""
