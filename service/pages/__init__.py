"""A page is what a person sees in the browser: one view of one moment, and it works without any script."""
