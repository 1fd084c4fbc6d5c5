"""What wrong labels do to the disparities."""
