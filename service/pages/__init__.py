"""A page is what a person sees in the browser: one view of one moment, rendered without any script."""
