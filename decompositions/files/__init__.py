"""Files from elsewhere and for elsewhere: written whole, and looked at before they are read."""
