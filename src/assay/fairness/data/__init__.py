"""What can be said of the groups before anything is trained."""
